import asyncio
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.embeddings import EmbeddingCache
from server.recommender.models import Models
from server.recommender.pair_table import PairBatch, PairTable, Wanted, recommend_table
from server.recommender.queries import MILLION, ListQuery, Member, Objective, PairQuery, Strategy
from server.recommender.standings import Standings
from tests.tiny_release import STRANGER
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import USERS, WEIGHTS

PEOPLE = (*USERS, STRANGER, "a stranger too")
PAIRS = st.lists(st.permutations(range(len(PEOPLE))).map(lambda order: order[:2]), min_size=1, max_size=8)


def table(
    models: Models, standings: Standings, pairs: list[list[int]], weights: list[int], wanted: Wanted
) -> PairTable:
    batch = PairBatch(PEOPLE, np.array(pairs, np.intp).reshape(-1, 2), np.array(weights, np.int64))
    return asyncio.run(recommend_table(models, standings, batch, wanted))


def kept(tiny: Tiny, kept_bytes: int = 2**20, max_pairs: int = 100) -> Standings:
    return Standings(tiny.catalog, EmbeddingCache(), kept_bytes, max_pairs * tiny.catalog.num_movies, even_calls=True)


@pytest.fixture(scope="module")
def standings(tiny: Tiny) -> Standings:
    return kept(tiny)


@given(
    pairs=PAIRS,
    weight=WEIGHTS,
    wanted=st.builds(Wanted, st.sampled_from(Objective), st.sampled_from(Strategy), st.integers(1, 20)),
)
def test_table_holds_the_lists_of_recommend_pairs(
    tiny: Tiny, standings: Standings, pairs: list[list[int]], weight: int, wanted: Wanted
) -> None:
    made = table(tiny.models, standings, pairs, [weight] * len(pairs), wanted)
    list_query = ListQuery(wanted.objective, wanted.size)
    query = PairQuery(Member(), Member(), weight, wanted.strategy, list_query)
    asked = [replace(query, first=Member(PEOPLE[a]), second=Member(PEOPLE[b])) for a, b in pairs]
    for number, answer in enumerate(tiny.pairs(*asked)):
        lines = made.pair == number
        assert made.movie_row[lines].tolist() == [entry.row for entry in answer.entries]
        assert made.place[lines].tolist() == list(range(1, len(answer.entries) + 1))
        of_both = [(entry.first, entry.second) for entry in answer.entries]
        assert made.rank[lines].tolist() == [[of.rank for of in both] for both in of_both]
        for values, expected in (
            (made.pair_score, [entry.pair_score for entry in answer.entries]),
            (made.score, [[of.score for of in both] for both in of_both]),
            (made.rating, [[of.rating for of in both] for both in of_both]),
        ):
            np.testing.assert_allclose(values[lines], np.reshape(expected, values[lines].shape), atol=1e-5)


def test_people_make_place_for_others_and_lists_stay_the_same(tiny: Tiny) -> None:
    pairs = [[a, b] for a in range(len(PEOPLE)) for b in range(len(PEOPLE)) if a != b]
    weights = [MILLION // 3] * len(pairs)
    expected = table(tiny.models, kept(tiny), pairs, weights, Wanted())
    # Two pairs at once, and four people in memory.
    made = table(tiny.models, kept(tiny, kept_bytes=1600, max_pairs=2), pairs, weights, Wanted())
    for values, others in zip(made, expected, strict=True):
        np.testing.assert_allclose(values, others, atol=1e-5)


def test_each_person_is_asked_about_once(tiny: Tiny) -> None:
    asked = []

    class Counting:
        async def predict(self, model: str, signature: str, inputs: dict) -> dict:
            asked.append((model, signature))
            return await tiny.models.predict(model, signature, inputs)

    standings = kept(tiny)
    table(Counting(), standings, [[0, 1], [1, 2], [0, 2]], [0, 0, 0], Wanted())
    table(Counting(), standings, [[2, 1]], [5], Wanted(Objective.LIKE))
    assert len(asked) == len(set(asked)) == 3


def test_no_pairs_make_an_empty_table(tiny: Tiny, standings: Standings) -> None:
    assert [len(values) for values in table(tiny.models, standings, [], [], Wanted())] == [0] * 7
