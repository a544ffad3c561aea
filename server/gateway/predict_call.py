"""One Predict call: what is asked as a message, sent, read, and held against the signature."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from server.gateway.answers import AnswerError, check_outputs
from server.gateway.serving_apis import predict_pb2, prediction_service_pb2_grpc
from server.gateway.tensors import TensorError, to_array, to_tensor
from server.recommender.models import Tensors
from server.recommender.release_info import ReleaseInfo

Outputs = dict[str, NDArray[Any]]


class UnusableAnswerError(Exception):
    """A model server answered what cannot be used; the message says what."""


@dataclass(frozen=True, eq=False)
class Question:
    """What can be asked of the models of one release: one signature of one model."""

    info: ReleaseInfo
    model: str
    signature: str

    def __str__(self) -> str:
        return f"{self.model} version {self.info.version}, {self.signature}"

    async def ask(
        self, stub: prediction_service_pb2_grpc.PredictionServiceStub, inputs: Tensors, seconds: float
    ) -> Outputs:
        """Runs the signature, by a call that names the version and ends after some seconds.

        Raises:
            grpc.aio.AioRpcError: The model server answered an error, or none in time.
            UnusableAnswerError: Its answer is none.
        """
        request = predict_pb2.PredictRequest()
        request.model_spec.name = self.model
        request.model_spec.version.value = self.info.version
        request.model_spec.signature_name = self.signature
        for name, array in inputs.items():
            request.inputs[name].CopyFrom(to_tensor(array))
        response = await stub.Predict(request, timeout=seconds)
        if response is None:  # so gRPC tells bytes that are no message
            raise UnusableAnswerError("the model server answered what is no message")
        try:
            outputs = {name: to_array(tensor) for name, tensor in response.outputs.items()}
            check_outputs((self.model, self.signature), self.info, inputs, outputs)
        except (TensorError, AnswerError) as error:
            raise UnusableAnswerError(f"answered what cannot be used: {error}") from error
        return outputs
