"""The client class against a real gRPC server."""

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client import PairrecClient

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
