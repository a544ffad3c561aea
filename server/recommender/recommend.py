"""From people to a list: embed, retrieve, rank, order by the objective, fuse, cut."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from server.recommender import predictions
from server.recommender.catalog import Catalog
from server.recommender.embeddings import EmbeddingCache
from server.recommender.fusion import Columns, Picks, Votes, best_columns, fuse
from server.recommender.lists import PairEntry, PairList, PersonEntry, PersonList, Preference
from server.recommender.models import Floats, Models, Rows
from server.recommender.objective import Order, order_by_liking
from server.recommender.queries import MILLION, Objective, PairQuery, PersonQuery
from server.recommender.row_sets import join_rows, pad_rows

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Group:
    """People who share exclusions and candidates: the two of a pair, or one person alone."""

    user_ids: tuple[str, ...]
    objective: Objective
    excluded_rows: Rows | None = None


@dataclass(frozen=True)
class _Preferences:
    """What the m members of each of p groups make of the group's joined candidates.

    Attributes:
        groups: The p groups, in the order of the queries.
        movie_row: `[p, c] int32`, ascending, then -1.
        score: `[p, m, c] float64`; anything where rank is 0.
        rank: `[p, m, c] int32` from 1; 0 for padding.
        rating: `[p, m, c] float32` stars; NaN for padding.
        unknown: The user ids the query tower does not know.
    """

    groups: Sequence[_Group]
    movie_row: Rows
    score: Floats
    rank: Rows
    rating: Floats
    unknown: frozenset[str]

    def of(self, index: int, member: int, columns: Columns) -> list[Preference]:
        """Returns what one member of one group makes of the movies in some columns."""
        place = (index, member, columns)
        values = (self.score[place].tolist(), self.rank[place].tolist(), self.rating[place].tolist())
        return [Preference(*value) for value in zip(*values, strict=True)]


@dataclass(frozen=True)
class Recommender:
    """Recommends movies from one release.

    A batch gives what single calls give: the same movies, scores to 1e-5, order free between movies closer
    than that. Every method raises what `models` raises.
    """

    models: Models
    catalog: Catalog
    embeddings: EmbeddingCache = field(default_factory=EmbeddingCache)

    async def recommend_pairs(self, queries: Sequence[PairQuery]) -> list[PairList]:
        """Makes one list for each pair: nothing either has watched; shorter only when candidates run out."""
        if not queries:
            return []
        groups = [_Group((query.first_user_id, query.second_user_id), query.objective) for query in queries]
        preferences = await self._preferences(groups)
        picks = self._fuse(queries, preferences)
        return [_pair_list(preferences, i, picks[i]) for i in range(len(queries))]

    async def recommend(self, queries: Sequence[PersonQuery]) -> list[PersonList]:
        """Makes each person's own list: nothing they have watched; shorter only when candidates run out."""
        if not queries:
            return []
        groups = [_Group((query.user_id,), query.objective, query.excluded_rows) for query in queries]
        preferences = await self._preferences(groups)
        ranks = preferences.rank[:, 0]
        columns = best_columns(np.where(ranks > 0, -ranks, -np.inf), [query.page_size for query in queries])
        return [_person_list(preferences, i, columns[i]) for i in range(len(queries))]

    async def predict_ratings(self, user_ids: Sequence[str], movie_row: Rows) -> Floats:
        """Predicts the stars each person would give.

        Args:
            user_ids: n people; unknown ones get what a stranger would give.
            movie_row: `[n, c] int32`; -1 is padding.

        Returns:
            `[n, c] float32` stars; NaN for padding.
        """
        if not user_ids:
            return np.empty(movie_row.shape, np.float32)
        embeddings, _ = await self._embed(user_ids)
        return await predictions.predict_stars(self.models, _stack(embeddings, user_ids), movie_row)

    async def _preferences(self, groups: Sequence[_Group]) -> _Preferences:
        num_members = len(groups[0].user_ids)
        user_ids = list(chain.from_iterable(group.user_ids for group in groups))
        embeddings, unknown = await self._embed(user_ids)
        embedding = _stack(embeddings, user_ids)
        excluded = np.repeat(pad_rows([self._exclusions(group) for group in groups]), num_members, axis=0)
        found = await predictions.find_candidates(self.models, embedding, excluded)
        joined = join_rows(found.reshape(len(groups), -1))
        asked = np.repeat(joined, num_members, axis=0)
        watch, rating = await asyncio.gather(
            predictions.rank_movies(self.models, embedding, excluded, asked),
            predictions.predict_stars(self.models, embedding, asked),
        )
        liking = np.repeat([group.objective is Objective.LIKE for group in groups], num_members)
        order = self._order(liking, watch, rating, (found >= 0).sum(axis=1))
        shape = (len(groups), num_members, -1)
        columns = (order.score.reshape(shape), order.rank.reshape(shape), rating.reshape(shape))
        return _Preferences(groups, joined, *columns, unknown)

    def _fuse(self, queries: Sequence[PairQuery], preferences: _Preferences) -> dict[int, Picks]:
        """Returns the movies of each query by its place; those of one strategy are fused together."""
        first_weight = np.array([query.first_weight_millionths for query in queries], np.int64)
        weight = np.stack([first_weight, MILLION - first_weight], axis=1)
        picks: dict[int, Picks] = {}
        for strategy in {query.strategy for query in queries}:
            index = [i for i, query in enumerate(queries) if query.strategy is strategy]
            columns = (preferences.score[index], preferences.rank[index], weight[index])
            votes = Votes(*columns, self.catalog.info.candidates)
            picks |= zip(index, fuse(strategy, votes, [queries[i].page_size for i in index]), strict=True)
        return picks

    async def _embed(self, user_ids: Iterable[str]) -> tuple[dict[str, Floats], frozenset[str]]:
        """Returns everyone's embedding `[d]`, and who is unknown; predicts only what is not kept."""
        kept = {user_id: self.embeddings.get(user_id) for user_id in user_ids}
        embeddings = {user_id: embedding for user_id, embedding in kept.items() if embedding is not None}
        asked = [user_id for user_id in kept if user_id not in embeddings]
        if not asked:
            return embeddings, frozenset()
        answer = await predictions.embed_users(self.models, asked, len(self.catalog.info.genres))
        embeddings |= zip(asked, answer.embedding, strict=True)
        unknown = frozenset(user_id for user_id, known in zip(asked, answer.known, strict=True) if not known)
        for user_id in asked:
            if user_id not in unknown:
                self.embeddings.put(user_id, embeddings[user_id])
        return embeddings, unknown

    def _exclusions(self, group: _Group) -> Rows:
        histories = [self.catalog.history(user_id) for user_id in group.user_ids]
        others = [] if group.excluded_rows is None else [group.excluded_rows]
        return np.concatenate(histories + others)

    def _order(self, liking: Flags, watch: Order, rating: Floats, num_own: NDArray[np.int64]) -> Order:
        if not liking.any():
            return watch
        like = order_by_liking(watch, rating, num_own, self.catalog.info.like_star_share)
        chosen = liking[:, np.newaxis]
        return Order(np.where(chosen, like.score, watch.score), np.where(chosen, like.rank, watch.rank))


def _stack(embeddings: dict[str, Floats], user_ids: Sequence[str]) -> Floats:
    return np.stack([embeddings[user_id] for user_id in user_ids])


def _pair_list(preferences: _Preferences, index: int, picks: Picks) -> PairList:
    rows = preferences.movie_row[index, picks.columns].tolist()
    members = (preferences.of(index, 0, picks.columns), preferences.of(index, 1, picks.columns))
    values = zip(rows, picks.score.tolist(), *members, strict=True)
    unknown = tuple(user_id for user_id in preferences.groups[index].user_ids if user_id in preferences.unknown)
    return PairList(tuple(PairEntry(*value) for value in values), unknown)


def _person_list(preferences: _Preferences, index: int, columns: Columns) -> PersonList:
    rows = preferences.movie_row[index, columns].tolist()
    values = zip(rows, preferences.of(index, 0, columns), strict=True)
    known = preferences.groups[index].user_ids[0] not in preferences.unknown
    return PersonList(tuple(PersonEntry(*value) for value in values), known)
