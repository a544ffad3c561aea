from fractions import Fraction
from math import isclose

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import bad_fields_of, eventually, gateway, reason_of, refused
from tests.tiny_release import STRANGER, oracle

RECOMMEND_PAIR = "/pairrec.v1.PairRecommendationService/RecommendPair"


def movie_ids(response: service_pb2.RecommendPairResponse) -> list[str]:
    return [recommendation.movie.movie_id for recommendation in response.recommendations]


@pytest.mark.parametrize("objective", [recommendation_pb2.OBJECTIVE_WATCH, recommendation_pb2.OBJECTIVE_LIKE])
@pytest.mark.parametrize("weight", [Fraction(0), Fraction(3, 10), Fraction(1, 2), Fraction(1)])
@pytest.mark.parametrize(("first", "second"), [("1", "2"), ("zoë", "3"), ("4", STRANGER)])
def test_list_equals_exhaustive_ranking(
    stack: Stack, first: str, second: str, weight: Fraction, objective: int
) -> None:
    response = stack.gateway.pair(first, second, first_weight=float(weight), objective=objective, page_size=7)
    liking = objective == recommendation_pb2.OBJECTIVE_LIKE
    expected = oracle(stack.release, first, second, weight, liking)
    assert movie_ids(response) == [f"m{row}" for row in expected[:7]]


def test_every_field_of_the_answer_is_filled(stack: Stack) -> None:
    response = stack.gateway.pair("1", "2", first_weight=1, page_size=1)
    row = oracle(stack.release, "1", "2", Fraction(1))[0]
    [best] = response.recommendations
    assert (best.movie.title, best.movie.year) == (f"Movie {row}", 1990 + row)
    assert len(best.movie.genres) == row % 3
    assert best.first.rank == 1
    assert best.first.score == stack.release.scores("1")[row]
    assert isclose(best.second.predicted_rating, stack.release.stars[stack.release.line("2"), row], rel_tol=1e-6)
    assert isclose(best.pair_score, 1 / 11)
    assert (response.release_version, response.source) == (1, recommendation_pb2.SOURCE_MODEL)
    assert not response.unknown_members


def test_a_movie_nobody_rated_has_mean_rating_zero(stack: Stack) -> None:
    movies = [recommendation.movie for recommendation in stack.gateway.pair(page_size=100).recommendations]
    unrated = [movie for movie in movies if movie.rating_count == 0]
    assert unrated
    assert {movie.mean_rating for movie in unrated} == {0}


def test_the_same_request_gets_the_same_answer_under_a_new_name(stack: Stack) -> None:
    answers = [stack.gateway.pair("3", "4") for _ in range(2)]
    names = {answer.recommendation_id for answer in answers}
    for answer in answers:
        answer.ClearField("recommendation_id")
    assert answers[0] == answers[1]
    assert len(names) == 2


def test_unknown_people_are_answered_and_named(stack: Stack) -> None:
    response = stack.gateway.pair("x", "y")
    assert movie_ids(response) == [f"m{row}" for row in oracle(stack.release, "x", "y", Fraction(1, 2))[:10]]
    assert list(response.unknown_members) == ["x", "y"]


def test_user_ids_are_never_logged(stack: Stack) -> None:
    stack.gateway.pair("a secret id", "zoë")
    secretive = {"user_id": "a secret id"}
    request = service_pb2.RecommendPairRequest(first=secretive, second=secretive)
    with pytest.raises(grpc.RpcError):
        stack.gateway.stub.RecommendPair(request, timeout=20, metadata=[("x-request-id", "same-person-twice")])
    eventually(lambda: "request_id=same-person-twice " in stack.gateway.server.log)
    assert "secret" not in stack.gateway.server.log
    assert "zoë" not in stack.gateway.server.log


def test_all_bad_fields_are_named_at_once(stack: Stack) -> None:
    error = refused(lambda: stack.gateway.pair("1", "1", first_weight=float("nan"), page_size=-1, objective=9))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason_of(error) == "INVALID_REQUEST"
    assert sorted(bad_fields_of(error)) == ["first_weight", "objective", "page_size", "second.user_id"]


def test_a_thousand_faults_arrive_as_far_as_metadata_carries_them(stack: Stack) -> None:
    bad = {"history": [{"movie_id": "ü" * 200, "rating": 99}] * 1000}
    error = refused(lambda: stack.gateway.ask("RecommendPair", first=bad, second=bad))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad_fields_of(error)[0] == "first.history[0].movie_id"


@pytest.mark.parametrize("content", [b"\xff\xff\xff", b"\x0a\x04\x0a\x02\xc3\x28"])
def test_bytes_that_are_no_message_are_the_callers_fault(stack: Stack, content: bytes) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stack.gateway.channel.unary_unary(RECOMMEND_PAIR)(content, timeout=20)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad_fields_of(caught.value) == ["request"]


def test_a_request_far_larger_than_any_can_be_is_refused(stack: Stack) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        stack.gateway.channel.unary_unary(RECOMMEND_PAIR)(bytes(2 << 20), timeout=20)
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_bytes_that_are_no_message_are_the_callers_fault_in_a_stream_too(stack: Stack) -> None:
    channel = stack.gateway.channel
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch")
    reflect = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
    for answers in (watch(b"\xff", timeout=20), reflect(iter([b"\xff"]), timeout=20)):
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in stack.gateway.server.log


def test_a_call_that_allows_less_than_the_margin_is_answered(stack: Stack) -> None:
    with gateway(stack.root, stack.models.port, "--deadline_margin_ms", "10000") as served:
        eventually(lambda: served.serves(1))
        assert served.pair(timeout=9).recommendations


def test_whom_a_filter_leaves_nothing_gets_an_empty_list(stack: Stack) -> None:
    response = stack.gateway.pair(filter={"min_year": 3000})
    assert (len(response.recommendations), response.next_page_token) == (0, "")


def test_only_checking_names_what_is_unknown_and_makes_no_list(stack: Stack) -> None:
    guest = {"user_id": "new here", "history": [{"movie_id": "m3"}, {"movie_id": "no such movie"}]}
    response = stack.gateway.ask("RecommendPair", first={"user_id": "1"}, second=guest, validate_only=True)
    assert (list(response.unknown_members), list(response.unknown_movie_ids)) == (["new here"], ["no such movie"])
    assert (len(response.recommendations), response.next_page_token, response.fallback_reason) == (0, "", "")
    assert (response.release_version, response.source) == (1, recommendation_pb2.SOURCE_UNSPECIFIED)
    assert refused(lambda: stack.gateway.pair("1", "1", validate_only=True)).code() is grpc.StatusCode.INVALID_ARGUMENT


def test_weight_one_is_the_firsts_own_list_under_the_same_exclusions(stack: Stack) -> None:
    excluded = {"excluded_movie_ids": [f"m{row}" for row in stack.release.history("2")]}
    pair = stack.gateway.pair("1", "2", first_weight=1, page_size=6)
    turned = stack.gateway.pair("2", "1", first_weight=0, page_size=6)
    alone = stack.gateway.ask("Recommend", member={"user_id": "1"}, filter=excluded, page_size=6)
    assert movie_ids(pair) == movie_ids(turned) == movie_ids(alone)
    own = [recommendation.preference for recommendation in alone.recommendations]
    assert [recommendation.first for recommendation in pair.recommendations] == own


def test_an_alias_stands_for_its_movie(stack: Stack) -> None:
    best = movie_ids(stack.gateway.pair(page_size=100))
    odd = next(movie_id for movie_id in best if int(movie_id[1:]) % 2)
    response = stack.gateway.pair(page_size=100, filter={"excluded_movie_ids": [f"also-{odd}"]})
    assert odd not in movie_ids(response)
    assert not response.unknown_movie_ids
