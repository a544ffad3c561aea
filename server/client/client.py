"""The gateway's calls as methods of one Python class."""

import json
from typing import Self

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_TIMEOUT_SECONDS = 5.0

# Every call only reads, so one that may have reached the gateway is safe to send again.
# Source: https://github.com/grpc/grpc/blob/master/doc/service_config.md
_RETRIES = {
    "maxAttempts": 3,
    "initialBackoff": "0.1s",
    "maxBackoff": "1s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_SERVICE_CONFIG = {"methodConfig": [{"name": [{}], "retryPolicy": _RETRIES}]}


class PairrecClient:
    """Asks a pairrec gateway, over one connection that threads may share.

    Messages go in and come out as they are on the wire. A call fails with `grpc.RpcError`; one that finds the
    gateway UNAVAILABLE is sent up to three times within its deadline.
    """

    def __init__(self, address: str = DEFAULT_ADDRESS, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """Takes the gateway's "host:port" and every call's deadline; connects with the first call."""
        self._timeout_seconds = timeout_seconds
        self._channel = grpc.insecure_channel(address, options=[("grpc.service_config", json.dumps(_SERVICE_CONFIG))])
        self._stub = service_grpc.PairRecommendationServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def recommend_pair(self, request: service_pb2.RecommendPairRequest) -> service_pb2.RecommendPairResponse:
        """Returns one list that suits two people."""
        response: service_pb2.RecommendPairResponse = self._stub.RecommendPair(request, timeout=self._timeout_seconds)
        return response

    def get_release(self) -> service_pb2.GetReleaseResponse:
        """Returns the release that answers now, and why newer ones do not."""
        response: service_pb2.GetReleaseResponse = self._stub.GetRelease(
            service_pb2.GetReleaseRequest(), timeout=self._timeout_seconds
        )
        return response

    def close(self) -> None:
        """Closes the connection; calls under way end with CANCELLED."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
