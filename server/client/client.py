"""The gateway's calls as methods of one Python class."""

import json
from collections.abc import Callable
from typing import Self, TypeVar

import grpc
from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

M = TypeVar("M", bound=Message)

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
_OPTIONS = [
    ("grpc.service_config", json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": _RETRIES}]})),
    # A full batch with reasons took 2.4 MB where titles are short (MovieLens-100K); gRPC's own limit is 4 MiB.
    ("grpc.max_receive_message_length", 32 * 1024 * 1024),
]


class PairrecClient:
    """Asks a pairrec gateway, over one connection that threads may share.

    Messages go in and come out as they are on the wire. Every call has a deadline: the client's, unless it names its
    own in `timeout_seconds`. It fails with `grpc.RpcError`; one that finds the gateway UNAVAILABLE is sent up to three
    times within its deadline. Make one client and keep it:

        with PairrecClient("gateway:50051", timeout_seconds=0.5) as client:
            request = RecommendPairRequest(first=Member(user_id="196"), second=Member(user_id="186"))
            titles = [entry.movie.title for entry in client.recommend_pair(request).recommendations]
    """

    def __init__(self, address: str = DEFAULT_ADDRESS, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        """Takes the gateway's "host:port" and the deadline of calls that name none; connects with the first call."""
        self._timeout_seconds = timeout_seconds
        self._channel = grpc.insecure_channel(address, options=_OPTIONS)
        self._stub = service_grpc.PairRecommendationServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def recommend_pair(
        self, request: service_pb2.RecommendPairRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.RecommendPairResponse:
        """Returns one list that suits two people."""
        return self._call(self._stub.RecommendPair, request, timeout_seconds)

    def batch_recommend_pairs(
        self, request: service_pb2.BatchRecommendPairsRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.BatchRecommendPairsResponse:
        """Returns many lists for two people, in the order of the requests."""
        return self._call(self._stub.BatchRecommendPairs, request, timeout_seconds)

    def recommend(
        self, request: service_pb2.RecommendRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.RecommendResponse:
        """Returns one person's own list."""
        return self._call(self._stub.Recommend, request, timeout_seconds)

    def predict_ratings(
        self, request: service_pb2.PredictRatingsRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.PredictRatingsResponse:
        """Returns the stars a person would give."""
        return self._call(self._stub.PredictRatings, request, timeout_seconds)

    def list_rated_movies(
        self, request: service_pb2.ListRatedMoviesRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.ListRatedMoviesResponse:
        """Returns what someone rated, the latest first; needs that person's consent."""
        return self._call(self._stub.ListRatedMovies, request, timeout_seconds)

    def find_similar_movies(
        self, request: service_pb2.FindSimilarMoviesRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.FindSimilarMoviesResponse:
        """Returns the movies most like one movie."""
        return self._call(self._stub.FindSimilarMovies, request, timeout_seconds)

    def list_popular_movies(
        self, request: service_pb2.ListPopularMoviesRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.ListPopularMoviesResponse:
        """Returns the movies most people rated, or rated highest."""
        return self._call(self._stub.ListPopularMovies, request, timeout_seconds)

    def search_movies(
        self, request: service_pb2.SearchMoviesRequest, *, timeout_seconds: float | None = None
    ) -> service_pb2.SearchMoviesResponse:
        """Returns movies by title, the closest match first."""
        return self._call(self._stub.SearchMovies, request, timeout_seconds)

    def get_release(
        self, request: service_pb2.GetReleaseRequest | None = None, *, timeout_seconds: float | None = None
    ) -> service_pb2.GetReleaseResponse:
        """Returns the release that answers now, and why newer ones do not."""
        return self._call(self._stub.GetRelease, request or service_pb2.GetReleaseRequest(), timeout_seconds)

    def close(self) -> None:
        """Closes the connection; calls under way end with CANCELLED."""
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _call(self, method: Callable[..., M], request: Message, timeout_seconds: float | None) -> M:
        return method(request, timeout=self._timeout_seconds if timeout_seconds is None else timeout_seconds)
