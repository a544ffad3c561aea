import pytest
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import bad_fields_of, refused
from tests.tiny_release import STRANGER, rating_of


def movie_ids(response: object) -> list[str]:
    return [recommendation.movie.movie_id for recommendation in response.recommendations]


def best_unseen(stack: Stack, user_id: str, size: int) -> list[str]:
    scores, seen = stack.release.scores(user_id), stack.release.history(user_id)
    unseen = [row for row in range(stack.release.num_movies) if row not in seen]
    return [f"m{row}" for row in sorted(unseen, key=lambda row: (-scores[row], row))[:size]]


@pytest.mark.parametrize("user_id", ["1", "zoë", STRANGER])
def test_the_list_is_what_the_person_scores_highest(stack: Stack, user_id: str) -> None:
    response = stack.gateway.ask("Recommend", member={"user_id": user_id})
    assert movie_ids(response) == best_unseen(stack, user_id, stack.release.k)
    assert [one.preference.rank for one in response.recommendations] == list(range(1, stack.release.k + 1))
    assert list(response.unknown_members) == ([user_id] if user_id == STRANGER else [])
    assert response.source == recommendation_pb2.SOURCE_MODEL
    assert response.recommendation_id


def test_a_guest_with_someones_history_is_not_shown_that_history(stack: Stack) -> None:
    history = [{"movie_id": f"m{row}", "rating": rating_of(row)} for row in stack.release.history("1")]
    response = stack.gateway.ask("Recommend", member={"history": history}, page_size=100)
    assert not {*movie_ids(response)} & {movie["movie_id"] for movie in history}
    assert not response.unknown_members


def test_with_consent_the_list_may_hold_what_was_watched(stack: Stack) -> None:
    member = {"user_id": "1", "share_history": True}
    for include in ("INCLUDE_WATCHED_BY_FIRST", "INCLUDE_WATCHED_BOTH"):
        response = stack.gateway.ask("Recommend", member=member, include_watched=include)
        scores = stack.release.scores("1")
        expected = sorted(range(stack.release.num_movies), key=lambda row: (-scores[row], row))[: stack.release.k]
        assert movie_ids(response) == [f"m{row}" for row in expected]


def test_there_is_no_second_person_to_include(stack: Stack) -> None:
    member = {"user_id": "1", "share_history": True}
    ask = lambda: stack.gateway.ask("Recommend", member=member, include_watched="INCLUDE_WATCHED_BY_SECOND")  # noqa: E731
    assert bad_fields_of(refused(ask)) == ["include_watched"]


def test_reasons_are_movies_of_the_persons_own_history(stack: Stack) -> None:
    member = {"user_id": "1", "share_history": True}
    response = stack.gateway.ask("Recommend", member=member, with_reasons=True)
    reasons = [{movie.movie_id for movie in one.preference.reasons} for one in response.recommendations]
    assert any(reasons)
    assert all(each <= {f"m{row}" for row in stack.release.history("1")} for each in reasons)


def test_all_bad_fields_are_named_at_once(stack: Stack) -> None:
    ask = lambda: stack.gateway.ask("Recommend", member={}, objective=7, diversity=2, with_reasons=True)  # noqa: E731
    assert sorted(bad_fields_of(refused(ask))) == ["diversity", "member", "member.share_history", "objective"]
