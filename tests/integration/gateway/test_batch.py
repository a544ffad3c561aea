from math import isclose

import grpc
import pytest
from google.rpc import code_pb2, error_details_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import bad_fields_of, refused
from tests.tiny_release import STRANGER

MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "user_id": st.sampled_from(["1", "3", "zoë", STRANGER, ""]),
        "history": st.lists(st.sampled_from(["m1", "m2", "m30", "no such movie"]), max_size=3).map(
            lambda movie_ids: [{"movie_id": movie_id, "rating": 4} for movie_id in movie_ids]
        ),
        "genre_ratings": st.dictionaries(st.sampled_from(["Comedy", "War", "Wrestling"]), st.floats(1, 5), max_size=2),
        "share_history": st.booleans(),
    },
)
REQUESTS = st.fixed_dictionaries(
    {"first": MEMBERS, "second": MEMBERS},
    optional={
        "first_weight": st.floats(0, 1.1),
        "objective": st.integers(0, 2),
        "strategy": st.integers(0, 5),
        "page_size": st.integers(-1, 20),
        "filter": st.sampled_from([{}, {"genres": ["Drama"]}, {"min_year": 2020}, {"excluded_movie_ids": ["m4", "?"]}]),
        "include_watched": st.integers(0, 5),
        "with_reasons": st.booleans(),
        "diversity": st.sampled_from([0, 0.5]),
        "allow_fallback": st.booleans(),
        "validate_only": st.booleans(),
    },
)


def batch(stack: Stack, requests: list[dict[str, object]]) -> list[service_pb2.BatchRecommendPairsResult]:
    return list(stack.gateway.ask("BatchRecommendPairs", requests=requests).results)


def alone(stack: Stack, request: dict[str, object]) -> service_pb2.BatchRecommendPairsResult:
    try:
        return service_pb2.BatchRecommendPairsResult(response=stack.gateway.ask("RecommendPair", **request))
    except grpc.RpcError as error:
        content = dict(error.trailing_metadata())["grpc-status-details-bin"]
        result = service_pb2.BatchRecommendPairsResult()
        result.error.ParseFromString(content)
        return result


def comparable(result: service_pb2.BatchRecommendPairsResult) -> service_pb2.BatchRecommendPairsResult:
    """Leaves out what no two answers share, and rounds what may differ by rounding."""
    result.response.recommendation_id = ""
    for recommendation in result.response.recommendations:
        recommendation.pair_score = round(recommendation.pair_score, 5)
        for preference in (recommendation.first, recommendation.second):
            preference.predicted_rating = round(preference.predicted_rating, 4)
    return result


@settings(max_examples=40)
@given(requests=st.lists(REQUESTS, min_size=1, max_size=8))
def test_a_batch_is_what_single_calls_are_good_and_bad_ones(stack: Stack, requests: list[dict[str, object]]) -> None:
    results = batch(stack, requests)
    assert [comparable(result) for result in results] == [comparable(alone(stack, request)) for request in requests]


def test_many_chunks_come_back_in_order(stack: Stack) -> None:
    people = ["1", "2", "3", "4", "5", "zoë"]
    pairs = [(first, second) for first in people for second in people if first != second] * 7
    requests = [{"first": {"user_id": first}, "second": {"user_id": second}} for first, second in pairs]
    requests[100] = {}
    expected = {pair: comparable(alone(stack, requests[i])) for i, pair in enumerate(pairs[:30])}
    results = batch(stack, requests)
    assert len(results) == 210
    assert results.pop(100).error.code == code_pb2.INVALID_ARGUMENT
    del pairs[100]
    assert [comparable(result) for result in results] == [expected[pair] for pair in pairs]


def test_a_bad_request_is_told_its_fields_as_alone(stack: Stack) -> None:
    [result] = batch(stack, [{"first": {"user_id": "1"}, "first_weight": 2}])
    bad_request = error_details_pb2.BadRequest()
    assert result.error.details[1].Unpack(bad_request)
    assert sorted(violation.field for violation in bad_request.field_violations) == ["first_weight", "second"]


def test_a_page_in_a_batch_carries_on(stack: Stack) -> None:
    request = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
    whole = stack.gateway.ask("RecommendPair", **request, page_size=4).recommendations
    [first] = batch(stack, [request | {"page_size": 2}])
    [second] = batch(stack, [request | {"page_size": 2, "page_token": first.response.next_page_token}])
    joined = [*first.response.recommendations, *second.response.recommendations]
    assert [one.movie for one in joined] == [one.movie for one in whole]
    assert all(isclose(a.pair_score, b.pair_score) for a, b in zip(joined, whole, strict=True))


@pytest.mark.parametrize("sizes", [[], [1] * 1001, [100] * 50 + [1], [0] * 501, [2**31 - 1] * 51])
def test_a_batch_has_bounds_of_its_own(stack: Stack, sizes: list[int]) -> None:
    pair = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
    error = refused(lambda: batch(stack, [pair | {"page_size": size} for size in sizes]))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad_fields_of(error) == ["requests"]


@pytest.mark.parametrize("sizes", [[1] * 1000, [100] * 50, [0] * 500])
def test_a_batch_within_its_bounds_is_answered(stack: Stack, sizes: list[int]) -> None:
    pair = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
    results = batch(stack, [pair | {"page_size": size} for size in sizes])
    expected = comparable(alone(stack, pair | {"page_size": sizes[0]}))
    assert all(comparable(result) == expected for result in results)
