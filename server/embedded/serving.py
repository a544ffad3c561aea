"""Runs the server: binds, loads, answers, and stops."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from server.embedded.flags import Flags
from server.embedded.model_config import read_models
from server.embedded.served_models import ServedModels
from server.embedded.services import ModelService, PredictionService

_GRACE_SECONDS = 5.0
_REQUESTS_AT_ONCE = 32
_OPTIONS = [
    ("grpc.so_reuseport", 0),  # or a second server would bind the same port in silence
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]


class ListenError(Exception):
    """The server cannot listen where it was told to."""


def serve(flags: Flags, stop: threading.Event, on_ready: Callable[[int], None]) -> None:
    """Serves until `stop` is set, then lets requests under way finish for up to five seconds.

    `on_ready` is called once with the port, when every version has been tried once and requests are answered.

    Raises:
        ListenError: The address is taken or not allowed.
        tf.errors.InvalidArgumentError: The flags' models are not valid.
    """
    models = ServedModels(read_models(flags), flags, stop)
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool:
        server = grpc.server(pool, options=_OPTIONS)
        _add_services(server, models, flags)
        port = _listen(server, flags)
        try:
            models.start()
            server.start()
            on_ready(port)
            stop.wait()
        finally:
            stop.set()
            server.stop(_GRACE_SECONDS).wait()
            models.close()


def _add_services(server: grpc.Server, models: ServedModels, flags: Flags) -> None:
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(
        PredictionService(models, flags.enable_serialization_as_tensor_content), server
    )
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(models), server)
    if flags.enable_grpc_healthcheck_service:
        servicer = health.HealthServicer()
        servicer.set("", health_pb2.HealthCheckResponse.SERVING)
        health_pb2_grpc.add_HealthServicer_to_server(servicer, server)


def _listen(server: grpc.Server, flags: Flags) -> int:
    # Not "localhost": where one of its two addresses is taken, gRPC listens on the other and says nothing.
    address = f"127.0.0.1:{flags.port}"
    try:
        port = server.add_insecure_port(address)
        if flags.grpc_socket_path:
            address = f"unix:{flags.grpc_socket_path}"
            server.add_insecure_port(address)
    except RuntimeError as error:
        raise ListenError(f"cannot listen on {address}: in use or not allowed; choose another") from error
    return port
