"""Nothing of a history leaves without that person's consent."""

import grpc
import pytest

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import bad_fields_of, refused

SILENT, AGREED = {"user_id": "1"}, {"user_id": "1", "share_history": True}
OTHER = {"user_id": "2", "share_history": True}


@pytest.mark.parametrize("strategy", range(1, 6))
@pytest.mark.parametrize("weight", [0, 0.5, 1])
def test_no_list_holds_what_either_has_watched(stack: Stack, strategy: int, weight: float) -> None:
    response = stack.gateway.pair("1", "2", strategy=strategy, first_weight=weight, page_size=100)
    shown = {one.movie.movie_id for one in response.recommendations}
    assert shown
    assert not shown & {f"m{row}" for user_id in ("1", "2") for row in stack.release.history(user_id)}
    assert not any([*one.first.reasons, *one.second.reasons] for one in response.recommendations)


@pytest.mark.parametrize(
    ("rpc", "fields", "bad"),
    [
        ("RecommendPair", {"first": SILENT, "second": OTHER, "with_reasons": True}, "first.share_history"),
        ("RecommendPair", {"first": OTHER, "second": SILENT, "with_reasons": True}, "second.share_history"),
        ("RecommendPair", {"first": SILENT, "second": OTHER, "include_watched": 2}, "first.share_history"),
        ("RecommendPair", {"first": OTHER, "second": SILENT, "include_watched": 3}, "second.share_history"),
        ("RecommendPair", {"first": OTHER, "second": SILENT, "include_watched": 4}, "second.share_history"),
        ("Recommend", {"member": SILENT, "with_reasons": True}, "member.share_history"),
        ("Recommend", {"member": SILENT, "include_watched": 2}, "member.share_history"),
        ("Recommend", {"member": SILENT, "include_watched": 4}, "member.share_history"),
        ("ListRatedMovies", SILENT, "share_history"),
    ],
)
def test_what_reveals_a_history_is_refused_without_consent(
    stack: Stack, rpc: str, fields: dict[str, object], bad: str
) -> None:
    error = refused(lambda: stack.gateway.ask(rpc, **fields))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad_fields_of(error) == [bad]


def test_one_persons_consent_lets_in_just_what_that_person_watched(stack: Stack) -> None:
    fields = {"first": AGREED, "second": {"user_id": "2"}, "include_watched": 2, "first_weight": 1}
    shown = {one.movie.movie_id for one in stack.gateway.ask("RecommendPair", **fields, page_size=100).recommendations}
    assert not shown & {f"m{row}" for row in stack.release.history("2")}
    assert shown & {f"m{row}" for row in set(stack.release.history("1")) - set(stack.release.history("2"))}


def test_an_error_quotes_nothing_of_a_history(stack: Stack) -> None:
    secret = {"history": [{"movie_id": "m1", "rating": 4.321}, {"movie_id": "secret", "rating": 99}]}
    error = refused(lambda: stack.gateway.ask("RecommendPair", first=secret, second=OTHER, with_reasons=True))
    assert sorted(bad_fields_of(error)) == ["first.history[1].rating", "first.share_history"]
    assert not any(word in str(error) for word in ("4.321", "secret"))
