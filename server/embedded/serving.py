"""Runs the server: the gRPC services of TensorFlow Serving, where they listen, and how they stop."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from typing import Any

import grpc
import tensorflow as tf
from grpc_health.v1 import health, health_pb2_grpc
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_management_pb2
from tensorflow_serving.apis import model_service_pb2_grpc as model_service
from tensorflow_serving.apis import prediction_service_pb2_grpc as prediction_service

from server.embedded.config import Flags, check_models, read_models
from server.embedded.errors import invalid
from server.embedded.predict import predict
from server.embedded.served_models import ServedModels

_LONGEST_MESSAGE = 1024  # Source: TensorFlow Serving, grpc_status_util.cc
_DAY_SECONDS = 86_400.0  # no deadline at all shows as one far beyond
_GRACE_SECONDS = 5.0
_REQUESTS_AT_ONCE = 32
_OPTIONS = [("grpc.so_reuseport", 0)]  # or a second server would bind the same port in silence
_OPTIONS += [(f"grpc.max_{way}_message_length", -1) for way in ("receive", "send")]
_CODES = {code.value[0]: code for code in grpc.StatusCode}


def _answers(method: Any) -> Any:  # noqa: ANN401 - one of the methods below
    def answer(services: object, request: Any, context: grpc.ServicerContext) -> object:  # noqa: ANN401 - any message
        try:
            if "model_spec" in request.DESCRIPTOR.fields_by_name and not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            return method(services, request, context)
        except tf.errors.OpError as error:
            end = "...TRUNCATED" if len(error.message) > _LONGEST_MESSAGE else ""
            context.abort(_CODES[error.error_code], error.message[:_LONGEST_MESSAGE] + end)

    return answer


class Services(prediction_service.PredictionServiceServicer, model_service.ModelServiceServicer):
    """PredictionService and ModelService; Classify, Regress and MultiInference answer UNIMPLEMENTED."""

    def __init__(self, models: ServedModels, as_content: bool) -> None:
        self._models, self._as_content = models, as_content

    @_answers
    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401, N802 - gRPC's name and messages
        """Runs one signature of one version; the client's deadline ends the run."""
        answering, model = self._models.find(request.model_spec)
        timeout_ms = max(int(min(context.time_remaining(), _DAY_SECONDS) * 1000), 1)
        response = predict(model, request, timeout_ms, self._as_content)
        response.model_spec.MergeFrom(answering)
        return response

    @_answers
    def GetModelMetadata(self, request: Any, _: object) -> Any:  # noqa: ANN401, N802 - gRPC's name and messages
        """Describes the signatures of one version."""
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        if others := sorted(set(request.metadata_field) - {"signature_def"}):
            raise invalid(f"Metadata field {others[0]} is not supported")
        answering, model = self._models.find(request.model_spec)
        response = get_model_metadata_pb2.GetModelMetadataResponse(model_spec=answering)
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=model.signature_defs)
        response.metadata["signature_def"].Pack(signatures)
        return response

    @_answers
    def GetModelStatus(self, request: Any, _: object) -> Any:  # noqa: ANN401, N802 - gRPC's name and messages
        """Lists the versions of one model, or one of them, with state and error."""
        statuses = self._models.statuses(request.model_spec)
        return get_model_status_pb2.GetModelStatusResponse(model_version_status=statuses)

    @_answers
    def HandleReloadConfigRequest(self, request: Any, _: object) -> Any:  # noqa: ANN401, N802 - gRPC's name and messages
        """Serves the models listed and no others; answers when the new ones are available."""
        self._models.configure(check_models(request.config))
        return model_management_pb2.ReloadConfigResponse(status={})


@contextmanager
def serving(flags: Flags) -> Iterator[int]:
    """Serves; yields the port once every version was tried. On leaving, requests have five seconds to finish.

    Raises:
        OSError: The address is taken or not allowed.
        tf.errors.OpError: The models or labels that the flags ask for are not valid.
    """
    with ThreadPoolExecutor(_REQUESTS_AT_ONCE) as pool, closing(ServedModels(flags)) as models:
        server = grpc.server(pool, options=_OPTIONS)
        try:
            port = _listen(server, flags)
            services = Services(models, flags.enable_serialization_as_tensor_content)
            prediction_service.add_PredictionServiceServicer_to_server(services, server)
            model_service.add_ModelServiceServicer_to_server(services, server)
            with suppress(tf.errors.UnknownError):  # the status of what did not load says so; the others are served
                models.configure(read_models(flags))
            server.start()
            yield port
        finally:
            server.stop(_GRACE_SECONDS).wait()


def _listen(server: grpc.Server, flags: Flags) -> int:
    # Not "localhost": where one of its two addresses is taken, gRPC listens on the other and says nothing.
    addresses = [f"127.0.0.1:{flags.port}", *([f"unix:{flags.grpc_socket_path}"] if flags.grpc_socket_path else [])]
    try:
        ports = [server.add_insecure_port(address) for address in addresses]
    except RuntimeError as error:
        raise OSError(f"cannot listen on {' or '.join(addresses)}: in use or not allowed; choose another") from error
    if flags.enable_grpc_healthcheck_service:
        health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    return ports[0]
