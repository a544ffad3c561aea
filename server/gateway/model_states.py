"""Which versions of the three models the model server has, and in what state."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import grpc

from server.gateway.serving_apis import get_model_status_pb2, model_service_pb2_grpc
from server.recommender.models import MODEL_NAMES

AVAILABLE = "AVAILABLE"
UNREACHABLE = "UNREACHABLE"
NOT_FOUND = "NOT_FOUND"
_LOST = {NOT_FOUND, "UNLOADING", "END"}


@dataclass(frozen=True)
class ModelState:
    """The model server's word for the state of one version of a model, and its reason where it is bad."""

    model: str
    state: str
    reason: str = ""


@dataclass(frozen=True)
class _Versions:
    listed: Mapping[int, ModelState]
    otherwise: ModelState


class ModelStates:
    """The states of every version of every model at one moment."""

    def __init__(self, versions: tuple[_Versions, ...]) -> None:
        self._versions = versions

    @classmethod
    async def read(cls, stub: model_service_pb2_grpc.ModelServiceStub, timeout_seconds: float) -> "ModelStates":
        """Asks the model server; a server that does not answer is a state too, UNREACHABLE."""
        asked = (_read_versions(stub, model, timeout_seconds) for model in MODEL_NAMES)
        return cls(tuple(await asyncio.gather(*asked)))

    def of(self, version: int) -> tuple[ModelState, ...]:
        """Returns the states of the three models of one release."""
        return tuple(versions.listed.get(version, versions.otherwise) for versions in self._versions)

    def outage(self, version: int) -> dict[str, str]:
        """Returns which models of a release are not available, by name, and why not; empty when all are."""
        states = [state for state in self.of(version) if state.state != AVAILABLE]
        return {state.model: f"{state.state}{state.reason and f' ({state.reason})'}" for state in states}

    def fault(self, version: int) -> str:
        """Returns which models of a release are not available, and why, in words; empty when all are."""
        return "; ".join(f"{model} is {why}" for model, why in self.outage(version).items())

    def lost(self, version: int) -> bool:
        """Returns whether a model of a release is not there any more, nor loading."""
        return any(state.state in _LOST for state in self.of(version))

    @property
    def unreachable(self) -> bool:
        """Whether the model server did not answer at all."""
        return all(versions.otherwise.state == UNREACHABLE for versions in self._versions)


async def _read_versions(
    stub: model_service_pb2_grpc.ModelServiceStub, model: str, timeout_seconds: float
) -> _Versions:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    try:
        response = await stub.GetModelStatus(request, timeout=timeout_seconds)
    except grpc.aio.AioRpcError as error:
        found_none = error.code() is grpc.StatusCode.NOT_FOUND
        state = ModelState(model, NOT_FOUND if found_none else UNREACHABLE, "" if found_none else error.code().name)
        return _Versions({}, state)
    if response is None:  # so gRPC tells bytes that are no message
        return _Versions({}, ModelState(model, UNREACHABLE, "it answered what is no message"))
    statuses = response.model_version_status
    return _Versions({status.version: _state(model, status) for status in statuses}, ModelState(model, NOT_FOUND))


def _state(model: str, status: get_model_status_pb2.ModelVersionStatus) -> ModelState:
    names = get_model_status_pb2.ModelVersionStatus.State
    state = names.Name(status.state) if status.state in names.values() else str(status.state)
    return ModelState(model, state, " ".join(status.status.error_message.split()))  # one line, wherever it is shown
