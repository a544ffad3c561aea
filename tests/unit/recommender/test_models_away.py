"""Lists while models are away, and the two ways that a filter goes."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace

import pytest
from hypothesis import given

from server.errors import DeadlineExceededError, ModelsUnavailableError, PairrecError
from server.recommender import groups
from server.recommender.lists import PairList, Source
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANK_MOVIES, RANKING_HEAD
from server.recommender.queries import ListQuery, Member, MovieFilter, Objective, PairQuery, Strategy
from server.recommender.recommend import Recommender
from tests.unit.recommender.conftest import Tiny
from tests.unit.recommender.queries import PAIRS, changed

QUERY = PairQuery(Member("1"), Member("2"), wanted=ListQuery(Objective.LIKE))


class Without:
    """The models of a release, one of which raises an error."""

    def __init__(self, tiny: Tiny, model: str, error: PairrecError) -> None:
        self._tiny, self._model, self._error = tiny, model, error

    async def predict(self, model: str, signature: str, inputs: dict) -> dict:
        if model == self._model:
            raise self._error
        return await self._tiny.models.predict(model, signature, inputs)


def ask(tiny: Tiny, model: str, error: PairrecError, *queries: PairQuery) -> list[PairList]:
    return asyncio.run(Recommender(Without(tiny, model, error), tiny.catalog).recommend_pairs(queries))


@pytest.mark.parametrize("error", [ModelsUnavailableError("gone"), DeadlineExceededError("late")])
def test_without_the_ranking_head_lists_come_without_stars(tiny: Tiny, error: PairrecError) -> None:
    [answer] = ask(tiny, RANKING_HEAD, error, QUERY)
    [unasked] = tiny.pairs(changed(QUERY, use_stars=False))
    assert (answer.source, answer.fault) == (Source.MODEL_WITHOUT_STARS, str(error))
    assert unasked.source is Source.MODEL_WITHOUT_STARS
    assert unasked.fault
    assert repr(answer.entries) == repr(unasked.entries)


@given(query=PAIRS)
def test_without_stars_like_is_ordered_as_watch(tiny: Tiny, query: PairQuery) -> None:
    query = changed(query, use_stars=False)
    like, watch = (
        tiny.pairs(changed(query, objective=objective))[0] for objective in (Objective.LIKE, Objective.WATCH)
    )
    assert repr(like) == repr(watch)


def test_those_who_ask_for_no_stars_do_not_take_them_from_others(tiny: Tiny) -> None:
    without, with_stars = tiny.pairs(changed(QUERY, use_stars=False), QUERY)
    assert (without.source, with_stars.source) == (Source.MODEL_WITHOUT_STARS, Source.MODEL)
    assert (with_stars.fault, [with_stars]) == ("", tiny.pairs(QUERY))


@pytest.mark.parametrize("model", [QUERY_TOWER, MOVIE_INDEX])
def test_without_the_other_models_there_is_no_list(tiny: Tiny, model: str) -> None:
    with pytest.raises(ModelsUnavailableError, match="gone"):
        ask(tiny, model, ModelsUnavailableError("gone"), QUERY)


@pytest.mark.parametrize("strategy", Strategy)
@pytest.mark.parametrize("objective", Objective)
def test_a_filter_that_allows_many_gives_what_one_that_allows_few_does(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, strategy: Strategy, objective: Objective
) -> None:
    query = changed(replace(QUERY, strategy=strategy), objective=objective, filter=MovieFilter(max_year=2010), size=20)
    few = tiny.pairs(query)
    monkeypatch.setattr(groups, "MOST_RANKED", 0)
    many = tiny.pairs(query)
    assert [entry.row for entry in few[0].entries] == [entry.row for entry in many[0].entries]
    assert [entry.first.rank for entry in few[0].entries] == [entry.first.rank for entry in many[0].entries]


async def test_an_index_that_fails_ends_the_call_to_the_ranking_head(tiny: Tiny) -> None:
    ended = asyncio.Event()

    async def predict(model: str, signature: str, inputs: dict) -> dict:
        if signature == RANK_MOVIES:
            await asyncio.sleep(0)
            raise ModelsUnavailableError("gone")
        if model == RANKING_HEAD:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()
        return await tiny.models.predict(model, signature, inputs)

    with pytest.raises(ModelsUnavailableError, match="gone"):
        await Recommender(SimpleNamespace(predict=predict), tiny.catalog).recommend_pairs([QUERY])
    await asyncio.wait_for(ended.wait(), 20)
