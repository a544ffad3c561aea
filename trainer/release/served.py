"""Which release is served: as the gateway says or, where none answers, as the folder of releases says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
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


class NoGatewayError(Exception):
    """No gateway answers for a folder of releases; the message says why it is thought so."""


class NothingServedError(NoGatewayError):
    """A gateway answers, and serves nothing yet."""


@dataclass(frozen=True)
class Served:
    """What is served, and who says so.

    Attributes:
        said_by: "the gateway at ..." or "DIR, as ...".
        version: The release; None: there is none.
        fingerprint: Of its data.
        metrics: Of what it answers with, on its held-back slice.
        skipped: The releases newer than it, highest version first, and what keeps each from being served.
    """

    said_by: str
    version: int | None = None
    fingerprint: str = ""
    metrics: Mapping[str, float] = field(default_factory=dict)
    skipped: Mapping[int, str] = field(default_factory=dict)


def what_is_served(root: Path, address: str) -> Served:
    """Asks the gateway; where none serves from `root`, finds what one would serve."""
    try:
        return ask(root, address)
    except NoGatewayError as error:
        return look(root, str(error))


def ask(root: Path, address: str) -> Served:
    """Asks the gateway at `address` what it serves.

    Raises:
        NothingServedError: It serves nothing yet.
        NoGatewayError: There is none, or it serves from another folder than `root`.
    """
    try:
        with grpc.insecure_channel(address) as channel:
            stub = service_grpc.PairRecommendationServiceStub(channel)  # type: ignore[no-untyped-call]
            response = stub.GetRelease(service_pb2.GetReleaseRequest(), timeout=ASK_SECONDS)
    except grpc.RpcError as error:
        if rpc_status.from_call(error) is not None:  # the gateway's own: a connection that fails carries none
            raise NothingServedError(f"the gateway at {address} says: {error.details()}") from error
        raise NoGatewayError(f"no gateway answers at {address}") from error
    release = response.release
    if not _is_in(root, release.release_version, release.create_time.ToDatetime(UTC)):
        raise NoGatewayError(f"the gateway at {address} serves release {release.release_version} of another folder")
    return Served(
        f"the gateway at {address}",
        release.release_version,
        release.data.fingerprint,
        served_metrics(release.metrics),
        {skip.release_version: skip.reason for skip in response.skipped_releases},
    )


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
