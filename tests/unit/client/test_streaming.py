"""Any number of pairs against a real gRPC server."""

import threading
import time
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

from server.client import PairrecClient, streaming
from server.client.streaming import stream_pairs


class Echo(service_grpc.PairRecommendationServiceServicer):
    """Answers each request with a list that names its first person; notes calls, and how many are under way."""

    def __init__(self) -> None:
        self.calls, self.under_way, self.most_under_way, self.failures = [], 0, 0, []
        self.lock = threading.Lock()

    def BatchRecommendPairs(self, request, context):  # noqa: N802 - the API's name
        with self.lock:
            self.calls.append(request)
            self.under_way += 1
            self.most_under_way = max(self.most_under_way, self.under_way)
            failure = self.failures.pop(0) if self.failures else None
        time.sleep(0.02)
        with self.lock:
            self.under_way -= 1
        if failure:
            context.abort(failure, "as told")
        lists = [service_pb2.RecommendPairResponse(recommendation_id=each.first.user_id) for each in request.requests]
        results = [service_pb2.BatchRecommendPairsResult(response=each) for each in lists]
        return service_pb2.BatchRecommendPairsResponse(results=results)


@pytest.fixture
def echo() -> Iterator[Echo]:
    servicer, server = Echo(), grpc.server(futures.ThreadPoolExecutor(8))
    service_grpc.add_PairRecommendationServiceServicer_to_server(servicer, server)
    servicer.address = f"localhost:{server.add_insecure_port('localhost:0')}"
    server.start()
    yield servicer
    server.stop(None).wait()


def requests(count: int, **fields: object) -> Iterator[service_pb2.RecommendPairRequest]:
    return (service_pb2.RecommendPairRequest(first={"user_id": str(i)}, **fields) for i in range(count))


def test_results_come_in_order_by_few_calls_at_once(echo: Echo) -> None:
    with PairrecClient(echo.address) as client:
        results = list(stream_pairs(client, requests(6000, page_size=20), max_calls=3))
    assert [result.response.recommendation_id for result in results] == [str(i) for i in range(6000)]
    assert [len(call.requests) for call in echo.calls] == [250] * 24
    assert 2 <= echo.most_under_way <= 3


@pytest.mark.parametrize(
    ("fields", "most"),
    [({}, 500), ({"page_size": 1}, 1000), ({"page_size": 1000}, 50), ({"page_token": "x" * 45_000}, 19)],
)
def test_a_call_holds_what_the_gateway_takes(echo: Echo, fields: dict, most: int) -> None:
    with PairrecClient(echo.address) as client:
        assert len(list(stream_pairs(client, requests(most + 1, **fields)))) == most + 1
    assert sorted(len(call.requests) for call in echo.calls) == [1, most]


def test_requests_are_taken_only_as_results_are(echo: Echo) -> None:
    taken = []
    endless = (taken.append(each) or each for each in requests(10**6, page_size=100))
    with PairrecClient(echo.address) as client:
        results = stream_pairs(client, endless, max_calls=2)
        next(results)
        results.close()
    assert len(taken) <= 200


def test_a_full_gateway_is_asked_again_and_other_errors_are_not(echo: Echo) -> None:
    with PairrecClient(echo.address) as client:
        echo.failures = [grpc.StatusCode.RESOURCE_EXHAUSTED]
        assert len(list(stream_pairs(client, requests(3)))) == 3
        echo.failures = [grpc.StatusCode.INVALID_ARGUMENT]
        with pytest.raises(grpc.RpcError, match="as told"):
            list(stream_pairs(client, requests(3)))
    assert len(echo.calls) == 3


def test_requests_that_fail_end_calls_that_wait_to_ask_again(echo: Echo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "_RETRY_SECONDS", (3600,))

    def failing() -> Iterator[service_pb2.RecommendPairRequest]:
        yield from requests(51, page_size=100)
        while not echo.calls:
            time.sleep(0.001)
        raise RuntimeError("as told")

    echo.failures = [grpc.StatusCode.RESOURCE_EXHAUSTED]
    with PairrecClient(echo.address) as client, pytest.raises(RuntimeError, match="as told"):
        list(stream_pairs(client, failing()))
    assert len(echo.calls) == 1


def test_no_requests_make_no_call(echo: Echo) -> None:
    with PairrecClient(echo.address) as client:
        assert list(stream_pairs(client, [])) == []
    assert echo.calls == []
