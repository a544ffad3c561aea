"""Lists for any number of pairs, by as many calls as that takes and some of them at once."""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client.client import PairrecClient

# What one call may ask for: see BatchRecommendPairsRequest. Of a mebibyte, something is for what is around requests.
_MAX_REQUESTS, _MAX_MOVIES, _MAX_BYTES = 1_000, 5_000, 900_000
_DEFAULT_PAGE_SIZE, _MAX_PAGE_SIZE = 10, 100  # as every list has them
# A gateway that is full or away is asked again after so many seconds; no other error is worth it.
_RETRY_SECONDS = (0.5, 1, 2, 4, 8)
_PASSING = (grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.UNAVAILABLE)


def stream_pairs(
    client: PairrecClient,
    requests: Iterable[service_pb2.RecommendPairRequest],
    *,
    max_calls: int = 4,
    timeout_seconds: float = 60.0,
) -> Iterator[service_pb2.BatchRecommendPairsResult]:
    """Yields what each request gets, in their order: a list, or the error that is its own.

    Requests are taken as results are, a few calls ahead, so there may be more of them than fit into memory.

    Args:
        client: Of the gateway.
        requests: Any number.
        max_calls: How many calls are under way at once, 1 or more.
        timeout_seconds: How long each may take.

    Raises:
        grpc.RpcError: A call failed, and again where it was worth trying; results so far were yielded.
    """
    under_way: deque[Future[service_pb2.BatchRecommendPairsResponse]] = deque()
    threads, stop = ThreadPoolExecutor(max_calls), threading.Event()
    try:
        for call in _calls(requests):
            under_way.append(threads.submit(_ask, client, call, timeout_seconds, stop))
            if len(under_way) == max_calls:
                yield from under_way.popleft().result().results
        yield from chain.from_iterable(future.result().results for future in under_way)
    finally:
        stop.set()
        threads.shutdown(cancel_futures=True)


def _calls(requests: Iterable[service_pb2.RecommendPairRequest]) -> Iterator[service_pb2.BatchRecommendPairsRequest]:
    call, num_movies, num_bytes = service_pb2.BatchRecommendPairsRequest(), 0, 0
    for request in requests:
        movies = min(max(request.page_size or _DEFAULT_PAGE_SIZE, 0), _MAX_PAGE_SIZE)
        size = request.ByteSize()
        num_movies, num_bytes = num_movies + movies, num_bytes + size
        if call.requests and (
            len(call.requests) == _MAX_REQUESTS or num_movies > _MAX_MOVIES or num_bytes > _MAX_BYTES
        ):
            yield call
            call, num_movies, num_bytes = service_pb2.BatchRecommendPairsRequest(), movies, size
        call.requests.append(request)
    if call.requests:
        yield call


def _ask(
    client: PairrecClient,
    call: service_pb2.BatchRecommendPairsRequest,
    timeout_seconds: float,
    stop: threading.Event,
) -> service_pb2.BatchRecommendPairsResponse:
    for seconds in _RETRY_SECONDS:
        try:
            return client.batch_recommend_pairs(call, timeout_seconds=timeout_seconds)
        except grpc.RpcError as error:
            if error.code() not in _PASSING or stop.wait(seconds):
                raise
    return client.batch_recommend_pairs(call, timeout_seconds=timeout_seconds)
