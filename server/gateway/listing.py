"""Makes lists from the models where they answer, and of popular movies where they do not and such a list will do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import Generic, TypeVar

from server.errors import DeadlineExceededError, ModelsUnavailableError, PairrecError
from server.frozen import frozen
from server.gateway.checks_lists import Asked
from server.gateway.deadline import Deadline
from server.gateway.releases import ServedRelease
from server.recommender.catalog import Catalog
from server.recommender.fallback import popular_lists, popular_pairs
from server.recommender.lists import PairList, PersonList, Source
from server.recommender.members import unknown_ids
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANKING_HEAD
from server.recommender.queries import PairQuery, PersonQuery
from server.recommender.recommend import Recommender

Q = TypeVar("Q", PairQuery, PersonQuery)
L = TypeVar("L", PairList, PersonList)


@frozen
class Lister(Generic[Q, L]):
    """Makes lists of one kind, out of one release.

    Attributes:
        release: The release.
        deadline: When the models must have answered.
        kind: What the lists are.
        ask: Makes them from the models.
        popular: Makes them without.
    """

    release: ServedRelease
    deadline: Deadline
    kind: type[L]
    ask: Callable[[Sequence[Q]], Awaitable[list[L]]]
    popular: Callable[[Catalog, Sequence[Q], str], list[L]]

    async def make(self, asked: Asked[Q]) -> L:
        """Makes one list.

        Raises:
            ModelsUnavailableError: The models cannot be asked, and a list of another source will not do.
            DeadlineExceededError: They do not answer in time, and a list of another source will not do.
        """
        [answer] = await self.make_all([asked])
        if isinstance(answer, PairrecError):
            raise answer
        return answer

    async def make_all(self, asked: Sequence[Asked[Q]]) -> list[L | PairrecError]:
        """Makes many lists with as many calls to the models as one takes; an error stands where `make` raises it."""
        modelled = [one for one in asked if self._asks_models(one)]
        try:
            require_models(self.release, QUERY_TOWER, MOVIE_INDEX)
            lists = await self.ask([self._told(one) for one in modelled])
            made = map(self._fit, modelled, lists)
        except (ModelsUnavailableError, DeadlineExceededError) as error:
            made = map(self._instead, modelled, repeat(error))
        answers: list[L | PairrecError] = []
        for one in asked:
            if answers:
                await asyncio.sleep(0)  # others get their turn: of a large catalogue a list takes a millisecond
            answers.append(next(made) if self._asks_models(one) else self._without_models(one))
        return answers

    def _asks_models(self, asked: Asked[Q]) -> bool:
        return not (asked.validate_only or asked.source is Source.FALLBACK_POPULAR or self._misses_stars(asked))

    def _misses_stars(self, asked: Asked[Q]) -> bool:
        return asked.source is Source.MODEL and RANKING_HEAD in self.release.outage

    def _told(self, asked: Asked[Q]) -> Q:
        """Keeps a model that is away, or whose part in the list is over, out of the query."""
        use_stars = RANKING_HEAD not in self.release.outage and asked.source is not Source.MODEL_WITHOUT_STARS
        if use_stars == asked.query.wanted.use_stars:
            return asked.query
        return replace(asked.query, wanted=replace(asked.query.wanted, use_stars=use_stars))

    def _fit(self, asked: Asked[Q], answer: L) -> L | PairrecError:
        """Holds what the models made against the source that it must be of."""
        if answer.fault and RANKING_HEAD in self.release.outage:
            answer = replace(answer, fault=_away(self.release, RANKING_HEAD))
        if asked.source in (None, answer.source):
            return answer
        away = DeadlineExceededError if self.deadline.is_over else ModelsUnavailableError
        return away(f"no list from all models can be made: {answer.fault}")

    def _instead(self, asked: Asked[Q], error: PairrecError) -> L | PairrecError:
        return self._popular(asked, str(error)) if asked.source is None else error

    def _without_models(self, asked: Asked[Q]) -> L | PairrecError:
        if asked.validate_only:
            return self.kind((), unknown_ids(self.release.catalog, asked.members))
        if self._misses_stars(asked):
            return ModelsUnavailableError(f"no list from all models can be made: {_away(self.release, RANKING_HEAD)}")
        return self._popular(asked, "the page before this one was made without the models")

    def _popular(self, asked: Asked[Q], fault: str) -> L:
        [answer] = self.popular(self.release.catalog, [asked.query], fault)
        return answer


def pair_lister(release: ServedRelease, recommender: Recommender, deadline: Deadline) -> Lister[PairQuery, PairList]:
    """Returns what makes pairs' lists."""
    return Lister(release, deadline, PairList, recommender.recommend_pairs, popular_pairs)


def person_lister(
    release: ServedRelease, recommender: Recommender, deadline: Deadline
) -> Lister[PersonQuery, PersonList]:
    """Returns what makes people's own lists."""
    return Lister(release, deadline, PersonList, recommender.recommend, popular_lists)


def require_models(release: ServedRelease, *models: str) -> None:
    """Makes sure that models were there when last seen, before any of them is asked.

    Raises:
        ModelsUnavailableError: One was not; the message says why.
    """
    for model in models:
        if model in release.outage:
            raise ModelsUnavailableError(_away(release, model))


def _away(release: ServedRelease, model: str) -> str:
    return f"{model} does not answer: {release.outage[model]}"
