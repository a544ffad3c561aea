import asyncio
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import isclose, isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender import recommend
from server.recommender.diversity import diversify
from server.recommender.lists import PairEntry, PairList
from server.recommender.queries import MILLION, ListQuery, Member, Objective, PairQuery, Strategy
from server.recommender.recommend import Recommender
from tests.tiny_release import STRANGER, fused, oracle, random_release, ranks
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import PAIRS, SIZES, WEIGHTS, allowed, changed, scores_and_stars

BY_RANKS = PAIRS.map(lambda query: changed(replace(query, strategy=Strategy.RANK_FUSION), diversity=0.0))
BY_SHARES = PAIRS.map(lambda query: changed(replace(query, strategy=Strategy.WEIGHTED_AVERAGE), diversity=0.0))


def pair(first: str, second: str, **wanted: object) -> PairQuery:
    return PairQuery(Member(first), Member(second), wanted=ListQuery(**wanted))


def rows(answer: PairList) -> list[int]:
    return [entry.row for entry in answer.entries]


def utilities(tiny: Tiny, query: PairQuery, weights: Iterable[int]) -> list[tuple[float, float]]:
    """What the strategy adds up, weights aside, for each member over the list that each weight gives.

    A movie's pair score at weight 1 is what it means to the first, at weight 0 to the second.
    """
    whole = changed(query, size=100)
    of_members = [
        {entry.row: entry.pair_score for entry in tiny.pairs(replace(whole, first_weight_millionths=alone))[0].entries}
        for alone in (MILLION, 0)
    ]
    lists = [rows(tiny.pairs(replace(query, first_weight_millionths=weight))[0]) for weight in weights]
    return [tuple(sum(map(of_member.get, listed)) for of_member in of_members) for listed in lists]


@given(query=BY_RANKS)
def test_list_equals_exhaustive_ranking_of_what_it_may_hold(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    people = [query.first, query.second]
    liking = query.wanted.objective is Objective.LIKE and query.wanted.use_stars
    may_hold = allowed(tiny.release, people, query.wanted)
    of_people = [ranks(tiny.release, scores_and_stars(tiny.release, member), may_hold, liking) for member in people]
    weight = Fraction(query.first_weight_millionths, MILLION)
    assert rows(answer) == fused(tiny.release, of_people, weight)[: query.wanted.size]
    for entry in answer.entries:
        assert (entry.first.rank, entry.second.rank) == tuple(of_person[entry.row] for of_person in of_people)


@given(query=PAIRS)
def test_swapping_people_and_turning_the_weight_changes_nothing(tiny: Tiny, query: PairQuery) -> None:
    turned = MILLION - query.first_weight_millionths
    swapped = replace(query, first=query.second, second=query.first, first_weight_millionths=turned)
    [answer], [other] = tiny.pairs(query), tiny.pairs(swapped)
    assert repr(list(answer.entries)) == repr([turn(entry) for entry in other.entries])


def turn(entry: PairEntry) -> PairEntry:
    return entry._replace(first=entry.second, second=entry.first)


@given(query=BY_RANKS | BY_SHARES, weights=st.tuples(WEIGHTS, WEIGHTS))
def test_more_weight_never_serves_the_first_worse(tiny: Tiny, query: PairQuery, weights: tuple[int, int]) -> None:
    lower, higher = utilities(tiny, query, sorted(weights))
    assert higher[0] >= lower[0] - 1e-12
    assert higher[1] <= lower[1] + 1e-12


@given(query=PAIRS)
def test_only_what_may_be_listed_returns_and_once(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    assert set(rows(answer)) <= allowed(tiny.release, [query.first, query.second], query.wanted)
    assert len(set(rows(answer))) == len(rows(answer))


@given(query=PAIRS, shorter=SIZES)
def test_the_first_of_a_long_list_are_the_short_list(tiny: Tiny, query: PairQuery, shorter: int) -> None:
    [answer], [short] = tiny.pairs(query), tiny.pairs(changed(query, size=shorter))
    both = min(shorter, query.wanted.size)
    assert repr(answer.entries[:both]) == repr(short.entries[:both])


@given(query=PAIRS)
def test_pair_scores_never_rise_without_diversity(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(changed(query, diversity=0.0))
    assert all(better.pair_score >= worse.pair_score for better, worse in pairwise(answer.entries))


@given(query=PAIRS)
def test_a_list_is_as_long_as_asked_or_as_candidates_go(tiny: Tiny, query: PairQuery) -> None:
    """Whatever the strategy and however spread."""
    [answer] = tiny.pairs(query)
    [fused_by_rank] = tiny.pairs(changed(replace(query, strategy=Strategy.RANK_FUSION), diversity=0.0))
    assert len(answer.entries) == len(fused_by_rank.entries)


@given(query=PAIRS, diversity=st.sampled_from((0.3, 1.0)))
def test_diversity_re_orders_as_many_as_one_person_has_candidates(
    tiny: Tiny, query: PairQuery, diversity: float
) -> None:
    k = tiny.release.k
    [plain], [spread] = (tiny.pairs(changed(query, diversity=share, size=100)) for share in (0.0, diversity))
    places = diversify(tiny.catalog.directions(np.array(rows(plain)[:k], np.int32)), diversity, k)
    expected = [plain.entries[place] for place in places] + list(plain.entries[k:])
    assert repr(list(spread.entries)) == repr(expected)


@given(queries=st.lists(PAIRS, max_size=5))
def test_batch_gives_what_single_calls_give(tiny: Tiny, queries: list[PairQuery]) -> None:
    assert repr(tiny.pairs(*queries)) == repr([tiny.pairs(query)[0] for query in queries])


@given(query=PAIRS)
def test_scores_fall_as_ranks_rise(tiny: Tiny, query: PairQuery) -> None:
    """A member's score is what orders that member's list, also for movies of the other's candidates."""
    [answer] = tiny.pairs(query)
    for member in ("first", "second"):
        preferences = sorted((getattr(entry, member) for entry in answer.entries), key=lambda p: p.rank)
        assert all(better.score >= worse.score for better, worse in pairwise(preferences))


@given(query=PAIRS)
def test_predicted_stars_are_each_persons_own(tiny: Tiny, query: PairQuery) -> None:
    [answer] = tiny.pairs(query)
    of_people = [scores_and_stars(tiny.release, member)[1] for member in (query.first, query.second)]
    for entry in answer.entries:
        for preference, stars in zip((entry.first, entry.second), of_people, strict=True):
            expected = isclose(preference.rating, stars[entry.row], abs_tol=1e-6)
            assert expected if query.wanted.use_stars else isnan(preference.rating)


def test_unknown_people_are_named_in_the_order_of_the_request(tiny: Tiny) -> None:
    one, both, none = tiny.pairs(pair("1", "x"), pair("y", "x"), pair("1", "zoë"))
    assert (one.unknown_members, both.unknown_members, none.unknown_members) == (("x",), ("y", "x"), ())


def test_two_strangers_get_the_strangers_order(tiny: Tiny) -> None:
    [answer] = tiny.pairs(pair("x", "y"))
    assert rows(answer) == oracle(tiny.release, STRANGER, STRANGER, Fraction(1, 2))
    assert [entry.first.rank for entry in answer.entries] == list(range(1, tiny.release.k + 1))


def test_list_ends_when_nothing_is_left(tmp_path: Path) -> None:
    release = random_release(num_users=2, num_movies=8)
    watched_by_first = tuple(range(7))
    query = pair("1", "zoë", objective=Objective.LIKE)
    tiny = Tiny(tmp_path, replace(release, histories=(watched_by_first, (0, 1))))
    assert rows(tiny.pairs(query)[0]) == [7]
    everything = Tiny(tmp_path / "all", replace(release, histories=(watched_by_first, (7,))))
    assert everything.pairs(query) == [PairList(())]


def test_known_users_and_strangers_are_embedded_once(tiny: Tiny) -> None:
    asked: list[bytes] = []

    class Counting:
        async def predict(self, model: str, signature: str, inputs: dict) -> dict:
            asked.extend(inputs.get("user_id", ()))
            return await tiny.models.predict(model, signature, inputs)

    counted = Tiny.__new__(Tiny)
    counted.recommender = Recommender(Counting(), tiny.catalog)
    counted.pairs(pair("1", "2"), pair("2", "x"), pair("1", "y"))
    counted.pairs(pair("1", "z"))
    assert asked == [b"1", b"2", b""]


class Noted:
    """The models of a release, and how many rows each call told them."""

    def __init__(self, tiny: Tiny) -> None:
        self._tiny = tiny
        self.cells: list[int] = []

    async def predict(self, model: str, signature: str, inputs: dict) -> dict:
        self.cells.append(max(inputs[name].size for name in inputs if name.endswith("_row")))
        return await self._tiny.models.predict(model, signature, inputs)


def test_a_wide_pair_widens_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two pairs of 64 rows a person fit a call; the one that leaves out more than that has its own."""
    tiny = Tiny(tmp_path, random_release(num_movies=200))
    queries = [pair("1", "2"), pair("3", "4", excluded_rows=np.arange(100, dtype=np.int32)), pair("5", "1")]
    alone = [tiny.pairs(query)[0] for query in queries]
    monkeypatch.setattr(recommend, "_MAX_CELLS", 256)
    noted = Noted(tiny)
    assert repr(asyncio.run(Recommender(noted, tiny.catalog).recommend_pairs(queries))) == repr(alone)
    assert max(noted.cells) == 256
