"""The three models of one release behind a model server's gRPC service."""

from dataclasses import dataclass
from typing import Any

import grpc
from numpy.typing import NDArray

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.gateway.answers import AnswerError, check_outputs
from server.gateway.deadline import Deadline
from server.gateway.observation import stage
from server.gateway.serving_apis import predict_pb2, prediction_service_pb2_grpc
from server.gateway.tensors import TensorError, to_array, to_tensor
from server.recommender.models import SERVING_DEFAULT, Tensors
from server.recommender.release_info import ReleaseInfo

# A model that has not answered by then hangs, however patient the caller is.
_CALL_SECONDS = 5.0


@dataclass(frozen=True)
class ModelClient:
    """Models of one release for one request: every call names the release's version and keeps the deadline.

    Attributes:
        stub: Of the model server.
        info: The release.
        deadline: When the request must be answered.
    """

    stub: prediction_service_pb2_grpc.PredictionServiceStub
    info: ReleaseInfo
    deadline: Deadline

    async def predict(self, model: str, signature: str, inputs: Tensors) -> dict[str, NDArray[Any]]:
        """Runs one signature of one model; see `Models.predict`."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.version.value = self.info.version
        request.model_spec.signature_name = signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(to_tensor(array))
        with stage(model if signature == SERVING_DEFAULT else signature):
            response = await self._send(request)
        try:
            outputs = {name: to_array(tensor) for name, tensor in response.outputs.items()}
            check_outputs((model, signature), self.info, inputs, outputs)
        except (TensorError, AnswerError) as error:
            call = f"{model} version {self.info.version}, {signature},"
            raise ModelsUnavailableError(f"{call} answered what cannot be used: {error}") from error
        return outputs

    async def _send(self, request: predict_pb2.PredictRequest) -> predict_pb2.PredictResponse:
        spec = request.model_spec
        call = f"{spec.name} version {spec.version.value}, {spec.signature_name}"
        seconds = self.deadline.remaining_seconds()
        try:
            response = await self.stub.Predict(request, timeout=min(seconds, _CALL_SECONDS))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED and seconds <= _CALL_SECONDS:
                raise DeadlineExceededError(f"{call}: no answer within the deadline; allow more time") from error
            answer = f"the model server answered {error.code().name}"
            raise ModelsUnavailableError(f"{call}: {answer}; try again shortly") from error
        if response is None:  # so gRPC tells bytes that are no message
            raise ModelsUnavailableError(f"{call}: the model server answered what is no message")
        return response
