from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import isclose
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from server.recommender.lists import PairList
from server.recommender.queries import MILLION, Objective, PairQuery, Strategy
from server.recommender.recommend import Recommender
from tests.tiny_release import STRANGER, oracle, random_release
from tests.unit.recommender.conftest import Tiny

PEOPLE = (*random_release().user_ids, STRANGER)
WEIGHTS = st.one_of(st.sampled_from((0, 1, MILLION // 2, MILLION)), st.integers(0, MILLION))
QUERIES = st.builds(
    lambda people, *rest: PairQuery(*people, *rest),
    st.permutations(PEOPLE).map(lambda people: people[:2]),
    WEIGHTS,
    st.sampled_from(Objective),
    st.integers(1, 100),
    st.sampled_from(Strategy),
)
BY_RANKS = QUERIES.map(lambda query: replace(query, strategy=Strategy.RANK_FUSION))
BY_SHARES = QUERIES.map(lambda query: replace(query, strategy=Strategy.WEIGHTED_AVERAGE))


def rows(answer: PairList) -> list[int]:
    return [entry.row for entry in answer.entries]


def utilities(tiny: Tiny, query: PairQuery, weights: Iterable[int]) -> list[tuple[float, float]]:
    """What the strategy adds up, weights aside, for each member over the list that each weight gives.

    A movie's pair score at weight 1 is what it means to the first, at weight 0 to the second.
    """
    whole = replace(query, page_size=100)
    of_members = [
        {entry.row: entry.pair_score for entry in tiny.pairs(replace(whole, first_weight_millionths=alone))[0].entries}
        for alone in (MILLION, 0)
    ]
    lists = [rows(tiny.pairs(replace(query, first_weight_millionths=weight))[0]) for weight in weights]
    return [tuple(sum(map(of_member.get, listed)) for of_member in of_members) for listed in lists]


@given(query=BY_RANKS)
def test_list_equals_exhaustive_ranking(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    weight = Fraction(query.first_weight_millionths, MILLION)
    liking = query.objective is Objective.LIKE
    expected = oracle(tiny.release, query.first_user_id, query.second_user_id, weight, liking)
    assert rows(answer) == expected[: query.page_size]


@given(query=QUERIES)
def test_swapping_people_and_turning_the_weight_changes_nothing(tiny: Tiny, query: PairQuery) -> None:
    swapped = replace(
        query,
        first_user_id=query.second_user_id,
        second_user_id=query.first_user_id,
        first_weight_millionths=MILLION - query.first_weight_millionths,
    )
    [answer], [other] = tiny.pairs(query), tiny.pairs(swapped)
    turned = [replace(entry, first=entry.second, second=entry.first) for entry in other.entries]
    assert list(answer.entries) == turned


@given(query=BY_RANKS | BY_SHARES, weights=st.tuples(WEIGHTS, WEIGHTS))
def test_more_weight_never_serves_the_first_worse(tiny: Tiny, query: PairQuery, weights: tuple[int, int]) -> None:
    lower, higher = utilities(tiny, query, sorted(weights))
    assert higher[0] >= lower[0] - 1e-12
    assert higher[1] <= lower[1] + 1e-12


@given(query=QUERIES)
def test_no_watched_movie_and_no_repeat_returns(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    history = tiny.release.history
    assert not set(rows(answer)) & {*history(query.first_user_id), *history(query.second_user_id)}
    assert len(set(rows(answer))) == len(rows(answer))


@given(query=QUERIES, shorter=st.integers(1, 100))
def test_the_first_of_a_long_list_are_the_short_list_and_scores_never_rise(
    tiny: Tiny, query: PairQuery, shorter: int
) -> None:
    [answer], [short] = tiny.pairs(query), tiny.pairs(replace(query, page_size=shorter))
    both = min(shorter, query.page_size)
    assert answer.entries[:both] == short.entries[:both]
    assert all(better.pair_score >= worse.pair_score for better, worse in pairwise(answer.entries))


@given(query=QUERIES)
def test_a_list_is_as_long_as_asked_or_as_candidates_go(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    [fused] = tiny.pairs(replace(query, strategy=Strategy.RANK_FUSION))
    assert len(answer.entries) == len(fused.entries)


@given(queries=st.lists(QUERIES, max_size=5))
def test_batch_gives_what_single_calls_give(tiny: Tiny, queries: list[PairQuery]) -> None:
    assert tiny.pairs(*queries) == [tiny.pairs(query)[0] for query in queries]


@given(query=QUERIES)
def test_scores_fall_as_ranks_rise(tiny: Tiny, query: PairQuery) -> None:
    """A member's score is what orders that member's list, also for movies of the other's candidates."""
    [answer] = tiny.pairs(query)
    for member in ("first", "second"):
        preferences = sorted((getattr(entry, member) for entry in answer.entries), key=lambda p: p.rank)
        assert all(better.score >= worse.score for better, worse in pairwise(preferences))


def test_predicted_stars_are_each_persons_own(tiny: Tiny) -> None:
    [answer] = tiny.pairs(PairQuery("1", "2"))
    stars = tiny.release.stars
    for entry in answer.entries:
        assert isclose(entry.first.rating, stars[tiny.release.line("1"), entry.row], abs_tol=1e-6)
        assert isclose(entry.second.rating, stars[tiny.release.line("2"), entry.row], abs_tol=1e-6)


def test_unknown_people_are_named_in_the_order_of_the_request(tiny: Tiny) -> None:
    one, both, none = tiny.pairs(PairQuery("1", "x"), PairQuery("y", "x"), PairQuery("1", "zoë"))
    assert (one.unknown_members, both.unknown_members, none.unknown_members) == (("x",), ("y", "x"), ())


def test_two_strangers_get_the_strangers_order(tiny: Tiny) -> None:
    [answer] = tiny.pairs(PairQuery("x", "y"))
    assert rows(answer) == oracle(tiny.release, STRANGER, STRANGER, Fraction(1, 2))
    assert [entry.first.rank for entry in answer.entries] == list(range(1, tiny.release.k + 1))


def test_list_ends_when_nothing_is_left(tmp_path: Path) -> None:
    release = random_release(num_users=2, num_movies=8)
    watched_by_first = tuple(range(7))
    tiny = Tiny(tmp_path, replace(release, histories=(watched_by_first, (0, 1))))
    assert rows(tiny.pairs(PairQuery("1", "zoë", objective=Objective.LIKE))[0]) == [7]
    everything = Tiny(tmp_path / "all", replace(release, histories=(watched_by_first, (7,))))
    assert everything.pairs(PairQuery("1", "zoë", objective=Objective.LIKE)) == [PairList((), ())]


def test_known_users_are_embedded_once(tiny: Tiny) -> None:
    asked: list[bytes] = []

    class Counting:
        async def predict(self, model: str, signature: str, inputs: dict) -> dict:
            asked.extend(inputs.get("user_id", ()))
            return await tiny.models.predict(model, signature, inputs)

    counted = Tiny.__new__(Tiny)
    counted.recommender = Recommender(Counting(), tiny.catalog)
    counted.pairs(PairQuery("1", "2"), PairQuery("2", "x"), PairQuery("1", "x"))
    counted.pairs(PairQuery("1", "x"))
    assert asked == [b"1", b"2", b"x", b"x"]
