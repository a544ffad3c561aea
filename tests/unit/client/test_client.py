"""The client class against a real gRPC server."""

import re
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client import PairrecClient
from tests.unit.client.conftest import METHODS

LIST = service_pb2.RecommendPairResponse(release_version=7)
REQUEST = service_pb2.RecommendPairRequest(page_size=3)


def test_the_answer_is_the_message_that_was_sent(gateway):
    gateway.answers = [LIST]
    with PairrecClient(gateway.address) as client:
        assert client.recommend_pair(REQUEST) == LIST
    assert gateway.requests == [REQUEST]


def test_a_gateway_unavailable_for_a_moment_is_asked_again(gateway, failure):
    gateway.answers = [failure(grpc.StatusCode.UNAVAILABLE, "models are away"), LIST]
    with PairrecClient(gateway.address) as client:
        assert client.recommend_pair(REQUEST) == LIST
    assert len(gateway.requests) == 2


def test_a_gateway_that_stays_unavailable_is_asked_three_times(gateway, failure):
    gateway.answers = [failure(grpc.StatusCode.UNAVAILABLE, "models are away")]
    with PairrecClient(gateway.address) as client, pytest.raises(grpc.RpcError) as caught:
        client.recommend_pair(REQUEST)
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE
    assert len(gateway.requests) == 3


@pytest.mark.parametrize("code", [grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_what_asking_again_cannot_mend_is_asked_once(gateway, failure, code):
    gateway.answers = [failure(code, "no")]
    with PairrecClient(gateway.address) as client, pytest.raises(grpc.RpcError):
        client.recommend_pair(REQUEST)
    assert len(gateway.requests) == 1


def method_of(rpc: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", rpc).lower()


@pytest.mark.parametrize("rpc", METHODS)
def test_every_rpc_is_a_method(gateway, rpc):
    request, answer = (
        getattr(service_pb2, getattr(METHODS[rpc], kind).name)() for kind in ("input_type", "output_type")
    )
    gateway.answers = [answer]
    with PairrecClient(gateway.address) as client:
        assert getattr(client, method_of(rpc))(request) == answer
    assert gateway.requests == [request]


def test_a_call_has_the_clients_deadline_or_its_own(gateway):
    gateway.answers = [LIST]
    with PairrecClient(gateway.address, timeout_seconds=30) as client:
        client.recommend_pair(REQUEST)
        client.recommend_pair(REQUEST, timeout_seconds=300)
    first, second = gateway.remaining_seconds
    assert 0 < first <= 40 < second <= 310


def test_an_answer_beyond_grpcs_own_limit_is_taken(gateway):
    gateway.answers = [service_pb2.RecommendPairResponse(fallback_reason="x" * 5 * 1024 * 1024)]
    with PairrecClient(gateway.address) as client:
        assert client.recommend_pair(REQUEST) == gateway.answers[0]


def test_threads_share_a_client(gateway):
    gateway.answers = [LIST]
    with PairrecClient(gateway.address) as client, ThreadPoolExecutor(8) as threads:
        assert list(threads.map(client.recommend_pair, [REQUEST] * 50)) == [LIST] * 50
