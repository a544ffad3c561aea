"""A client for any model server: the stubs as generated, and what tests ask most."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_management_pb2 import ReloadConfigRequest, ReloadConfigResponse
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from tests.conformance.tiny_models import MODEL, predict_request

SECONDS = 120


class Client:
    def __init__(self, channel: grpc.Channel) -> None:
        self.prediction = PredictionServiceStub(channel)
        self.model = ModelServiceStub(channel)

    def predict(self, request: PredictRequest, timeout: float = SECONDS) -> PredictResponse:
        return self.prediction.Predict(request, timeout=timeout)

    def answering_version(self, model: str = MODEL, **spec: object) -> int:
        """Which version adds numbers; `spec` are fields of ModelSpec."""
        request = predict_request(model, a=[1.0], b=[2.0])
        for name, value in spec.items():
            setattr(request.model_spec, name, value)
        return self.predict(request).model_spec.version.value

    def states(self, model: str = MODEL) -> dict[int, tuple[str, str]]:
        """Version to state and error message, in the order of the answer."""
        request = GetModelStatusRequest()
        request.model_spec.name = model
        statuses = self.model.GetModelStatus(request, timeout=SECONDS).model_version_status
        name = ModelVersionStatus.State.Name
        return {each.version: (name(each.state), each.status.error_message) for each in statuses}

    def waiting(self, gate: Path, model: str = MODEL) -> grpc.Future:
        """Sends a request that waits for a file, and returns it once a version works on it."""
        request = predict_request(model, "wait", gate=str(gate))
        waiting = self.prediction.Predict.future(request)
        eventually(lambda: waiting.done() or gate.with_name(f"{gate.name}.awaited").exists())
        return waiting

    def reload(self, *models: ModelConfig) -> ReloadConfigResponse:
        """Asks the server to serve these and no others."""
        request = ReloadConfigRequest()
        request.config.model_config_list.SetInParent()  # a list, even where it is empty
        request.config.model_config_list.config.extend(models)
        # A server that was only just started may not listen yet.
        return self.model.HandleReloadConfigRequest(request, timeout=SECONDS, wait_for_ready=True)


@contextmanager
def connect(address: str) -> Iterator[Client]:
    with grpc.insecure_channel(address) as channel:
        yield Client(channel)


def failure(call: Callable[[], object]) -> tuple[grpc.StatusCode, str]:
    """Code and message of the error that it must end with."""
    with pytest.raises(grpc.RpcError) as raised:
        call()
    return raised.value.code(), raised.value.details()


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until it does."""
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"did not happen within {SECONDS} s"
        time.sleep(0.02)
