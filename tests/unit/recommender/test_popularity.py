from dataclasses import replace
from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.fallback import popular_lists, popular_pairs
from server.recommender.lists import Source
from server.recommender.popularity import popular_rows
from server.recommender.queries import ListQuery, Member, MovieFilter, PairQuery, PersonQuery, PopularOrder
from tests.tiny_release import STRANGER, rating_of
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import FILTERS, PAIRS, allowed, passes


def num_watched(tiny: Tiny, row: int) -> int:
    return sum(row in rows for rows in tiny.release.histories)


@given(wanted=FILTERS, excluded=st.none() | st.lists(st.integers(0, 39)).map(lambda rows: np.array(rows, np.int32)))
def test_most_rated_are_all_that_pass_by_how_many_rated_them(
    tiny: Tiny, wanted: MovieFilter, excluded: np.ndarray | None
) -> None:
    left_out = set() if excluded is None else set(excluded.tolist())
    rows = [row for row in range(40) if passes(tiny.release, row, wanted) and row not in left_out]
    expected = sorted(rows, key=lambda row: (-num_watched(tiny, row), row))
    assert popular_rows(tiny.catalog, PopularOrder.MOST_RATED, wanted, excluded).tolist() == expected


@pytest.mark.parametrize("least", [0.0, 2.0])
def test_highest_rated_are_by_mean_rating_and_not_below_the_least(tiny: Tiny, least: float) -> None:
    rows = popular_rows(tiny.catalog, PopularOrder.HIGHEST_RATED, min_mean_rating=least)
    means = [rating_of(row) if num_watched(tiny, row) else 0.0 for row in rows.tolist()]
    assert means == sorted(means, reverse=True)
    assert len(means) == (40 if not least else sum(num_watched(tiny, r) > 0 and rating_of(r) >= 2 for r in range(40)))


@given(query=PAIRS)
def test_fallback_lists_popular_movies_that_may_be_listed(tiny: Tiny, query: PairQuery) -> None:
    [answer] = popular_pairs(tiny.catalog, [query], "gone")
    may_hold = allowed(tiny.release, [query.first, query.second], query.wanted)
    expected = sorted(may_hold, key=lambda row: (-num_watched(tiny, row), row))[: query.wanted.size]
    assert [entry.row for entry in answer.entries] == expected
    for rank, entry in enumerate(answer.entries, start=1):
        assert entry.first == entry.second or isnan(entry.first.rating)
        assert (entry.first.rank, entry.first.score) == (rank, entry.pair_score)
        assert entry.pair_score == num_watched(tiny, entry.row)


def test_fallback_says_so_and_names_who_is_unknown(tiny: Tiny) -> None:
    [pair] = popular_pairs(tiny.catalog, [PairQuery(Member(STRANGER), Member("1"))], "gone")
    [own] = popular_lists(tiny.catalog, [PersonQuery(Member(STRANGER), ListQuery(size=2))], "gone")
    assert (pair.source, pair.fault, pair.unknown_members) == (Source.FALLBACK_POPULAR, "gone", (STRANGER,))
    assert own == replace(own, source=Source.FALLBACK_POPULAR, fault="gone", unknown_members=(STRANGER,))
    assert len(own.entries) == 2
