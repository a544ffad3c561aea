import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.lists import PersonList
from server.recommender.queries import MILLION, Objective, PairQuery, PersonQuery, Strategy
from tests.tiny_release import STRANGER, random_release
from tests.unit.recommender.conftest import Tiny

USERS = random_release().user_ids
QUERIES = st.builds(
    PersonQuery,
    st.sampled_from((*USERS, STRANGER)),
    st.sampled_from(Objective),
    st.integers(1, 50),
    st.none() | st.lists(st.integers(0, 39), max_size=12).map(lambda rows: np.array(rows, np.int32)),
)


def own(tiny: Tiny, *queries: PersonQuery) -> list[PersonList]:
    return asyncio.run(tiny.recommender.recommend(queries))


@given(
    people=st.permutations((*USERS, STRANGER)),
    objective=st.sampled_from(Objective),
    strategy=st.sampled_from(Strategy),
)
def test_weight_one_is_the_firsts_own_list_and_zero_the_seconds(
    tiny: Tiny, people: list[str], objective: Objective, strategy: Strategy
) -> None:
    """Under the same exclusions, as far as one person's candidates go."""
    first, second = people[:2]
    query = PairQuery(first, second, MILLION, objective, tiny.release.k, strategy)
    [for_first], [for_second] = tiny.pairs(query), tiny.pairs(replace(query, first_weight_millionths=0))
    mine = PersonQuery(first, objective, tiny.release.k, tiny.catalog.history(second))
    theirs = PersonQuery(second, objective, tiny.release.k, tiny.catalog.history(first))
    [own_first, own_second] = own(tiny, mine, theirs)
    assert [(e.row, e.first.rank) for e in for_first.entries] == ranked(own_first)
    assert [(e.row, e.second.rank) for e in for_second.entries] == ranked(own_second)


def ranked(answer: PersonList) -> list[tuple[int, int]]:
    return [(entry.row, entry.preference.rank) for entry in answer.entries]


@given(query=QUERIES)
def test_own_list_is_the_best_candidates_in_order(tiny: Tiny, query: PersonQuery) -> None:
    [answer] = own(tiny, query)
    extra = () if query.excluded_rows is None else query.excluded_rows.tolist()
    left = set(range(40)) - set(extra) - set(tiny.release.history(query.user_id))
    assert {entry.row for entry in answer.entries} <= left
    size = min(query.page_size, tiny.release.k, len(left))
    assert [rank for _, rank in ranked(answer)] == list(range(1, size + 1))
    assert answer.known is (query.user_id != STRANGER)


@given(queries=st.lists(QUERIES, max_size=5))
def test_batch_gives_what_single_calls_give(tiny: Tiny, queries: list[PersonQuery]) -> None:
    assert own(tiny, *queries) == [own(tiny, query)[0] for query in queries]


def test_ratings_are_predicted_for_any_movie(tiny: Tiny) -> None:
    rows = np.array([[3, 0, -1], [39, 39, 1], [-1, -1, 7]], np.int32)
    users = ["2", STRANGER, "2"]
    stars = asyncio.run(tiny.recommender.predict_ratings(users, rows))
    expected = tiny.release.stars[[[tiny.release.line(user)] for user in users], rows]
    np.testing.assert_allclose(stars, np.where(rows < 0, np.nan, expected), rtol=1e-6)


@pytest.mark.parametrize("shape", [(0, 0), (0, 3)])
def test_nobody_asked_is_nobody_rated(tiny: Tiny, shape: tuple[int, int]) -> None:
    assert asyncio.run(tiny.recommender.predict_ratings([], np.zeros(shape, np.int32))).shape == shape
