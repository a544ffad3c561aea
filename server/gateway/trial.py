"""A trial of a release before it is served: models of another release must never answer for its catalogue."""

import asyncio
import time
from pathlib import Path
from typing import NamedTuple

import grpc

from server.errors import PairrecError, ReleaseError
from server.gateway.deadline import Deadline
from server.gateway.model_server import ModelServer
from server.gateway.release_folder import Identity
from server.gateway.serving_apis import get_model_metadata_pb2
from server.recommender.catalog import Catalog
from server.recommender.models import SERVING_DEFAULT
from server.recommender.release_check import TAKE_EMBEDDINGS, check_width, open_catalog, try_models
from server.recommender.release_info import ReleaseInfo

# Models run for the first time may be slow.
_TRIAL_SECONDS = 10.0
# From start to start: one that hangs ends before.
_RETRY_SECONDS = 15.0
# Whoever asks waits this long for a trial to end; most take less.
_PATIENCE_SECONDS = 1.0


class _Trial(NamedTuple):
    identity: Identity | None
    retry_at: float  # in seconds of time.monotonic
    task: asyncio.Task[Catalog | ReleaseError]
    last_fault: str

    @property
    def fault(self) -> str:
        """What it found or, while it has not ended, what the one before did."""
        return str(self.task.result()) if self.task.done() else self.last_fault


class Trials:
    """Trials of the releases of one folder, in the background: one that hangs keeps nobody from another release."""

    def __init__(self, root: Path, model_server: ModelServer) -> None:
        self._root = root
        self._model_server = model_server
        self._trials: dict[int, _Trial] = {}

    async def passed(self, version: int, identity: Identity | None) -> Catalog:
        """Returns the catalogue of a release that is whole and whose models belong to it.

        Raises:
            ReleaseError: It is being tried, or it failed; then it is tried again after a while, or sooner where
                the identity has changed or the trial was forgotten.
        """
        trial = self._trials.get(version)
        if trial is None or trial.identity != identity or time.monotonic() >= trial.retry_at:
            # Or else a fault would be told anew, each time that a slow trial is repeated.
            fault = trial.fault if trial and trial.identity == identity else "its models are being tried"
            self.forget(version)
            task = asyncio.create_task(self._attempt(version))
            trial = self._trials[version] = _Trial(identity, time.monotonic() + _RETRY_SECONDS, task, fault)
            await asyncio.wait([task], timeout=_PATIENCE_SECONDS)
        outcome = trial.task.result() if trial.task.done() else None
        if isinstance(outcome, Catalog):
            return outcome
        raise ReleaseError(trial.fault)

    def forget(self, version: int) -> None:
        """Ends the trial of a release, so that it is tried anew when next asked for."""
        if trial := self._trials.pop(version, None):
            trial.task.cancel()

    async def _attempt(self, version: int) -> Catalog | ReleaseError:
        """Returns the error, as a task nobody asks any more would have its exception logged."""
        try:
            catalog = await asyncio.to_thread(open_catalog, self._root, version)
            await try_models(self._model_server.models(catalog.info, Deadline.after(_TRIAL_SECONDS)), catalog)
            await check_widths(self._model_server, catalog.info)
        except ReleaseError as error:
            return error
        except grpc.aio.AioRpcError as error:
            return ReleaseError(f"the model server does not say what its models take: {error.details()}")
        except PairrecError as error:
            return ReleaseError(f"its models fail a trial: {error}{_details(error)}")
        return catalog


async def check_widths(model_server: ModelServer, info: ReleaseInfo) -> None:
    """Asks the models in what size they take query embeddings.

    Raises:
        ReleaseError: In another than those of the release have.
        AioRpcError: The model server does not say.
    """
    for model in TAKE_EMBEDDINGS:
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name, request.model_spec.version.value = model, info.version
        response = await model_server.prediction_stub.GetModelMetadata(request, timeout=_TRIAL_SECONDS)
        if response is None:  # so gRPC tells bytes that are no message
            raise ReleaseError(f"{model}: the model server answered what is no message")
        signatures = get_model_metadata_pb2.SignatureDefMap()
        response.metadata["signature_def"].Unpack(signatures)
        taken = signatures.signature_def[SERVING_DEFAULT].inputs["query_embedding"].tensor_shape
        check_width(model, [dim.size for dim in taken.dim], info.embedding_dim)


def _details(error: PairrecError) -> str:
    """Returns the model server's own words, which callers never get to read and whoever mends a release needs."""
    cause = error.__cause__
    return f" ({cause.details()})" if isinstance(cause, grpc.aio.AioRpcError) else ""
