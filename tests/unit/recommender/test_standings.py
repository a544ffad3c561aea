"""Lists made of what the models said of people before."""

import asyncio

import numpy as np
import pytest
from hypothesis import given

from server.errors import DeadlineExceededError, ModelsUnavailableError, PairrecError
from server.recommender.embeddings import EmbeddingCache
from server.recommender.lists import PairList, PersonList, Source
from server.recommender.models import MOVIE_INDEX, RANKING_HEAD, Models
from server.recommender.queries import ListQuery, Member, Objective, PairQuery, PersonQuery
from server.recommender.recommend import Recommender
from server.recommender.standings import Standings
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import PAIRS, PEOPLE

QUERY = PairQuery(Member("1"), Member("2"), wanted=ListQuery(Objective.LIKE))


class Asked:
    """The models of a release, which note what they are asked, and of which one may raise an error."""

    def __init__(self, tiny: Tiny) -> None:
        self.calls: list[tuple[str, str]] = []
        self.away: dict[str, PairrecError] = {}
        self._models = tiny.models

    async def predict(self, model: str, signature: str, inputs: dict) -> dict:
        self.calls.append((model, signature))
        if model in self.away:
            raise self.away[model]
        return await self._models.predict(model, signature, inputs)


def standing(tiny: Tiny, models: Models, kept_bytes: int = 2**20, max_cells: int = 2**14) -> Recommender:
    embeddings = EmbeddingCache()
    return Recommender(models, tiny.catalog, embeddings, Standings(tiny.catalog, embeddings, kept_bytes, max_cells))


@pytest.fixture
def asked(tiny: Tiny) -> Asked:
    return Asked(tiny)


@pytest.fixture(scope="module")
def kept(tiny: Tiny) -> Recommender:
    return standing(tiny, tiny.models)


def same(answer: PairList | PersonList, expected: PairList | PersonList) -> bool:
    """Whether two lists hold the same movies in the same order, with scores and stars to 1e-5, and the same remarks."""
    alike = [(a, b) for a, b in zip(answer.entries, expected.entries, strict=True) if a.row == b.row]
    numbers = [[np.nan_to_num(np.array(_numbers(one), float)) for one in both] for both in alike]
    return (
        len(alike) == len(answer.entries)
        and all(np.allclose(*both, atol=1e-5) for both in numbers)
        and [_reasons(one) for one in answer.entries] == [_reasons(one) for one in expected.entries]
        and (answer.unknown_members, answer.source, answer.fault)
        == (expected.unknown_members, expected.source, expected.fault)
    )


def _preferences(entry: object) -> list:
    return [getattr(entry, name) for name in ("preference", "first", "second") if hasattr(entry, name)]


def _numbers(entry: object) -> list[float]:
    of_each = [(one.score, one.rank, one.rating) for one in _preferences(entry)]
    return [getattr(entry, "pair_score", 0.0), *np.ravel(of_each)]


def _reasons(entry: object) -> list:
    return [one.reasons for one in _preferences(entry)]


@given(query=PAIRS)
def test_pairs_get_the_lists_they_get_by_search(tiny: Tiny, kept: Recommender, query: PairQuery) -> None:
    [answer], [expected] = asyncio.run(kept.recommend_pairs([query])), tiny.pairs(query)
    assert same(answer, expected)


@given(query=PEOPLE)
def test_people_get_the_lists_they_get_by_search(tiny: Tiny, kept: Recommender, query: PersonQuery) -> None:
    [answer], [expected] = asyncio.run(kept.recommend([query])), tiny.people(query)
    assert same(answer, expected)


def test_where_all_movies_are_left_out_lists_are_empty(tiny: Tiny, kept: Recommender) -> None:
    nothing = ListQuery(excluded_rows=np.arange(tiny.catalog.num_movies, dtype=np.int32))
    [pair] = asyncio.run(kept.recommend_pairs([PairQuery(Member("1"), Member("2"), wanted=nothing)]))
    [person] = asyncio.run(kept.recommend([PersonQuery(Member("1"), nothing)]))
    assert pair.entries == person.entries == ()
    assert pair.source is person.source is Source.MODEL


def test_models_are_asked_about_each_known_user_once(tiny: Tiny, asked: Asked) -> None:
    recommender = standing(tiny, asked)
    asyncio.run(recommender.recommend_pairs([QUERY, QUERY]))
    assert len(asked.calls) == len(set(asked.calls)) == 3
    asyncio.run(recommender.recommend_pairs([PairQuery(Member("2"), Member("1"))]))
    asyncio.run(recommender.recommend([PersonQuery(Member("2"))]))
    assert len(asked.calls) == 3
    asyncio.run(recommender.recommend([PersonQuery(Member("3"))]))
    assert len(asked.calls) == 6


def test_people_make_place_for_others_and_lists_stay_the_same(tiny: Tiny) -> None:
    recommender = standing(tiny, tiny.models, kept_bytes=800, max_cells=1)  # two people in memory, and one pair at once
    pairs = [PairQuery(Member(a), Member(b)) for a in "123" for b in "456"]
    answers = asyncio.run(recommender.recommend_pairs([*pairs, *pairs]))
    assert all(map(same, answers, [*tiny.pairs(*pairs)] * 2))


@pytest.mark.parametrize("error", [ModelsUnavailableError("gone"), DeadlineExceededError("late")])
def test_without_the_ranking_head_there_are_no_stars_until_it_is_back(
    tiny: Tiny, asked: Asked, error: PairrecError
) -> None:
    recommender, asked.away = standing(tiny, asked), {RANKING_HEAD: error}
    [answer] = asyncio.run(recommender.recommend_pairs([QUERY]))
    assert (answer.source, answer.fault) == (Source.MODEL_WITHOUT_STARS, str(error))
    assert all(np.isnan(entry.first.rating) for entry in answer.entries)
    asked.away = {}
    [answer] = asyncio.run(recommender.recommend_pairs([QUERY]))
    assert same(answer, tiny.pairs(QUERY)[0])


def test_without_the_index_there_is_no_list_and_it_is_asked_once(tiny: Tiny, asked: Asked) -> None:
    recommender, asked.away = standing(tiny, asked), {MOVIE_INDEX: ModelsUnavailableError("gone")}
    with pytest.raises(ModelsUnavailableError, match="gone"):
        asyncio.run(recommender.recommend_pairs([QUERY]))
    assert [model for model, _ in asked.calls].count(MOVIE_INDEX) == 1


def test_many_at_once_share_what_is_kept(tiny: Tiny) -> None:
    """Each makes others lose their places while it waits for the models."""

    class Slow(Asked):
        async def predict(self, model: str, signature: str, inputs: dict) -> dict:
            await asyncio.sleep(0)
            return await super().predict(model, signature, inputs)

    recommender = standing(tiny, Slow(tiny), kept_bytes=800, max_cells=1)
    pairs = [PairQuery(Member(a), Member(b)) for a in "123" for b in "456"]

    async def ask() -> list[list[PairList]]:
        return await asyncio.gather(*(recommender.recommend_pairs([pair]) for pair in pairs))

    answers = asyncio.run(ask())
    assert all(same(answer, expected) for [answer], expected in zip(answers, tiny.pairs(*pairs), strict=True))
