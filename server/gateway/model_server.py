"""The model server as the gateway knows it: TensorFlow Serving's gRPC services at one address."""

import json
from dataclasses import dataclass
from typing import Self

import grpc

from server.gateway.deadline import Deadline
from server.gateway.model_client import ModelClient
from server.gateway.model_states import ModelStates
from server.gateway.serving_apis import model_service_pb2_grpc, prediction_service_pb2_grpc
from server.gateway.shared_calls import SharedCalls
from server.recommender.release_info import ReleaseInfo

_MAX_MESSAGE_BYTES = 64 * 2**20
# Both calls only read, so they may be sent again. While the server is away the throttle soon ends the retries, and
# calls fail at once.
_SERVICE_CONFIG = {
    "methodConfig": [
        {
            "name": [
                {"service": "tensorflow.serving.PredictionService", "method": "Predict"},
                {"service": "tensorflow.serving.ModelService", "method": "GetModelStatus"},
            ],
            "retryPolicy": {
                "maxAttempts": 4,
                "initialBackoff": "0.02s",
                "maxBackoff": "0.2s",
                "backoffMultiplier": 3,
                "retryableStatusCodes": ["UNAVAILABLE"],
            },
        }
    ],
    "retryThrottling": {"maxTokens": 20, "tokenRatio": 0.5},
}
_CHANNEL_OPTIONS = (
    ("grpc.max_receive_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.max_send_message_length", _MAX_MESSAGE_BYTES),
    ("grpc.service_config", json.dumps(_SERVICE_CONFIG)),
    # A model server that comes back is found again within a second, however long it was away.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # One that vanished without a word, behind a pulled cable say, is given up. While calls are answered, as every
    # look at its states is, no ping is sent; a server allows few.
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 3_000),
)


def open_channel(target: str) -> grpc.aio.Channel:
    """Opens a channel to the model server at `host:port`; it connects, and reconnects, by itself."""
    return grpc.aio.insecure_channel(target, _CHANNEL_OPTIONS)


@dataclass(frozen=True)
class ModelServer:
    """The services of one model server."""

    channel: grpc.aio.Channel
    calls: SharedCalls
    prediction_stub: prediction_service_pb2_grpc.PredictionServiceStub
    model_stub: model_service_pb2_grpc.ModelServiceStub

    @classmethod
    def behind(cls, channel: grpc.aio.Channel) -> Self:
        """Returns the services behind a channel."""
        prediction_stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        model_stub = model_service_pb2_grpc.ModelServiceStub(channel)
        return cls(channel, SharedCalls(prediction_stub), prediction_stub, model_stub)

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection now."""
        return self.channel.get_state() is grpc.ChannelConnectivity.READY

    def models(self, info: ReleaseInfo, deadline: Deadline) -> ModelClient:
        """Returns the models of one release, for one request."""
        return ModelClient(self.calls, info, deadline)

    async def states(self, timeout_seconds: float) -> ModelStates:
        """Asks which versions of the three models there are; a server that does not answer is a state too."""
        return await ModelStates.read(self.model_stub, timeout_seconds)
