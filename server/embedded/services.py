"""The gRPC services: what TensorFlow Serving calls PredictionService and ModelService."""

import functools
from collections.abc import Callable
from typing import Any

import grpc
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import (
    GetModelMetadataRequest,
    GetModelMetadataResponse,
    SignatureDefMap,
)
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest, GetModelStatusResponse
from tensorflow_serving.apis.model_service_pb2_grpc import ModelServiceServicer
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceServicer

from server.embedded.errors import invalid
from server.embedded.predict import predict
from server.embedded.served_models import ServedModels

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_LONGEST_MESSAGE = 1024  # Source: TensorFlow Serving, grpc_status_util.cc
_LONGEST_DEADLINE_SECONDS = 86_400.0  # no deadline at all shows as one far beyond

_Method = Callable[[Any, Any, grpc.ServicerContext], Any]


def _answers(method: _Method) -> _Method:
    """Refuses requests without a ModelSpec and turns TensorFlow's errors into gRPC's."""

    @functools.wraps(method)
    def answer(servicer: object, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any message
        try:
            if not request.HasField("model_spec"):
                raise invalid("Missing ModelSpec")
            return method(servicer, request, context)
        except tf.errors.OpError as error:
            text = error.message
            if len(text) > _LONGEST_MESSAGE:
                text = text[:_LONGEST_MESSAGE] + "...TRUNCATED"
            context.abort(_CODES[error.error_code], text)

    return answer


class PredictionService(PredictionServiceServicer):
    """Predict and GetModelMetadata; the other methods answer UNIMPLEMENTED."""

    def __init__(self, models: ServedModels, as_content: bool) -> None:
        self._models = models
        self._as_content = as_content

    @_answers
    def Predict(self, request: PredictRequest, context: grpc.ServicerContext) -> PredictResponse:  # noqa: N802 - gRPC's name
        """Runs one signature of one version; the client's deadline ends the run."""
        number, model = self._models.find(request.model_spec)
        response = predict(model, request, _timeout_ms(context), self._as_content)
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        return response

    @_answers
    def GetModelMetadata(  # noqa: N802 - gRPC's name
        self, request: GetModelMetadataRequest, _: grpc.ServicerContext
    ) -> GetModelMetadataResponse:
        """Describes the signatures of one version."""
        if not request.metadata_field:
            raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
        for field in request.metadata_field:
            if field != "signature_def":
                raise invalid(f"Metadata field {field} is not supported")
        number, model = self._models.find(request.model_spec)
        response = GetModelMetadataResponse()
        response.metadata["signature_def"].Pack(SignatureDefMap(signature_def=model.signature_defs))
        response.model_spec.name = request.model_spec.name
        response.model_spec.version.value = number
        return response


class ModelService(ModelServiceServicer):
    """GetModelStatus; HandleReloadConfigRequest answers UNIMPLEMENTED."""

    def __init__(self, models: ServedModels) -> None:
        self._models = models

    @_answers
    def GetModelStatus(  # noqa: N802 - gRPC's name
        self, request: GetModelStatusRequest, _: grpc.ServicerContext
    ) -> GetModelStatusResponse:
        """Lists the versions of one model, or one of them, with state and error."""
        return GetModelStatusResponse(model_version_status=self._models.statuses(request.model_spec))


def _timeout_ms(context: grpc.ServicerContext) -> int | None:
    seconds = context.time_remaining()
    if seconds is None or seconds > _LONGEST_DEADLINE_SECONDS:
        return None
    return max(int(seconds * 1000), 1)
