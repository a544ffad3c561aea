"""Which release is served: as the gateway says or, where none answers, as the folder of releases says."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any

import grpc
from grpc_status import rpc_status
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

from server.errors import ReleaseError
from server.gateway.release_folder import read_release_folder
from server.recommender.models import MODEL_NAMES
from server.recommender.release_check import open_catalog
from server.recommender.release_info import ReleaseInfo, read_release_info

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ASK_SECONDS = 2.0
# Before each further time that a gateway is asked which is full, or took too long.
PAUSES = (0.5, 1.0, 2.0)
BUSY = (grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED)


class NoGatewayError(Exception):
    """No gateway answers for a folder of releases; the message says why it is thought so."""


class NothingServedError(NoGatewayError):
    """A gateway answers, and serves nothing yet."""


class UnclearAnswerError(ReleaseError):
    """There is somebody at the address, who does not say what is served."""


@dataclass(frozen=True)
class Served:
    """What is served, and who says so.

    Attributes:
        said_by: "the gateway at ..." or "DIR, as ...".
        version: The release; None: there is none.
        fingerprint: Of its data.
        metrics: Of what it answers with, on its held-back slice.
        skipped: The pinned release and those newer than what is served, highest first, and what keeps each from it.
    """

    said_by: str
    version: int | None = None
    fingerprint: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    skipped: Mapping[int, str] = field(default_factory=dict)


def what_is_served(root: Path, address: str) -> Served:
    """Asks the gateway; where none serves from `root`, finds what one would serve.

    Raises:
        UnclearAnswerError: See `ask`.
    """
    try:
        return ask(root, address)
    except NoGatewayError as error:
        return look(root, str(error))


def what_answers(root: Path, address: str) -> Served:
    """Does the same, but believes a gateway that serves nothing, be there a release that it should serve.

    Raises:
        UnclearAnswerError: See `ask`.
    """
    try:
        return ask(root, address)
    except NothingServedError as error:
        found = look(root, str(error))
        skipped = {found.version: str(error)} if found.version else {}
        return replace(found, version=None, skipped={**found.skipped, **skipped})
    except NoGatewayError as error:
        return look(root, str(error))


def ask(root: Path, address: str) -> Served:
    """Asks the gateway at `address` what it serves.

    Raises:
        NothingServedError: It serves nothing yet.
        NoGatewayError: There is none, or it serves from another folder than `root`.
        UnclearAnswerError: It is busy for long, or gives another error.
    """
    try:
        with grpc.insecure_channel(address) as channel:
            release, skipped = _ask_patiently(channel)
    except grpc.RpcError as error:
        raise _explained(error, address) from error
    if not _is_in(root, release.release_version, release.create_time.ToDatetime(UTC)):
        raise NoGatewayError(f"the gateway at {address} serves release {release.release_version} of another folder")
    return Served(
        f"the gateway at {address}",
        release.release_version,
        release.data.fingerprint,
        served_metrics(release.metrics),
        skipped,
    )


def _ask_patiently(channel: grpc.Channel) -> tuple[Any, dict[int, str]]:
    """Returns the release and the reasons of those that are skipped."""
    stub = service_grpc.PairRecommendationServiceStub(channel)  # type: ignore[no-untyped-call]
    for pause in (*PAUSES, None):
        try:
            response = stub.GetRelease(service_pb2.GetReleaseRequest(), timeout=ASK_SECONDS)
            break
        except grpc.RpcError as error:
            if pause is None or error.code() not in BUSY:
                raise
            time.sleep(pause)
    return response.release, {skip.release_version: skip.reason for skip in response.skipped_releases}


def _explained(error: grpc.RpcError, address: str) -> Exception:
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        said = f"{error.code().name}, {error.details()}"
        return UnclearAnswerError(f"the gateway at {address} does not say what is served ({said}); try again")
    if rpc_status.from_call(error) is not None:  # the gateway's own: a connection that fails carries none
        return NothingServedError(f"the gateway at {address} says: {error.details()}")
    return NoGatewayError(f"no gateway answers at {address}")


def open_whole(root: Path, version: int) -> ReleaseInfo:
    """Opens all of a release that opens without running its models.

    Raises:
        ReleaseError: It is not whole; the message names the artefact and what is wrong with it.
    """
    for model in MODEL_NAMES:
        if not (root / model / str(version) / "saved_model.pb").is_file():
            raise ReleaseError(f"{model}/{version}/saved_model.pb is missing")
    return open_catalog(root, version).info


def whole_versions(root: Path) -> list[int]:
    """Returns the releases that are whole as far as `open_whole` tells, highest version first."""
    whole = []
    for version in read_release_folder(root).versions:
        with suppress(ReleaseError):
            open_whole(root, version)
            whole.append(version)
    return whole


def served_metrics(systems: Iterable[Any]) -> dict[str, float]:
    """Returns the metrics of those SystemMetrics, messages or values, that a release answers with."""
    return {name: value for system in systems if system.served for name, value in system.values.items()}


def look(root: Path, why: str) -> Served:
    """Finds in a folder what a gateway would serve: the pinned release, or the newest whole one; `why` it is asked."""
    folder = read_release_folder(root)
    said_by, skipped = f"{root}, as {why}", dict[int, str]()
    for version in folder.listed:
        try:
            skipped[version] = folder.objection(version)
            if not skipped[version]:
                info = open_whole(root, version)
                del skipped[version]
                return Served(said_by, version, info.data.fingerprint, served_metrics(info.metrics), skipped)
        except ReleaseError as error:
            skipped[version] = str(error)
    return Served(said_by, skipped=skipped)


def _is_in(root: Path, version: int, created: object) -> bool:
    try:
        return read_release_info(root / "catalog" / str(version) / "release.json").created == created
    except ReleaseError:
        return False
