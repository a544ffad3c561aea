"""A real server on a thread, and a client for any server."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import grpc
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, ModelVersionStatus
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceStub
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from server.embedded.flags import Flags
from server.embedded.serving import serve


class Client:
    """Plain stubs, and the two questions that tests ask most."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.prediction = PredictionServiceStub(channel)
        self.model = ModelServiceStub(channel)

    def predict(self, request: PredictRequest, timeout: float = 60) -> PredictResponse:
        return self.prediction.Predict(request, timeout=timeout)

    def states(self, model: str = "tiny") -> dict[int, tuple[str, str]]:
        """Version to state and error message, in the order of the answer."""
        request = GetModelStatusRequest()
        request.model_spec.name = model
        statuses = self.model.GetModelStatus(request, timeout=60).model_version_status
        name = ModelVersionStatus.State.Name
        return {each.version: (name(each.state), each.status.error_message) for each in statuses}


@contextmanager
def connect(address: str) -> Iterator[Client]:
    with grpc.insecure_channel(address) as channel:
        yield Client(channel)


@contextmanager
def running_server(flags: Flags) -> Iterator[str]:
    """Runs the server on a thread; yields its address."""
    stop, ports = threading.Event(), queue.Queue()
    thread = threading.Thread(target=serve, args=(flags, stop, ports.put))
    thread.start()
    try:
        yield f"localhost:{ports.get(timeout=60)}"
    finally:
        stop.set()
        thread.join()


def eventually(holds: Callable[[], bool]) -> None:
    """Waits until it does."""
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, "did not happen within a minute"
        time.sleep(0.02)
