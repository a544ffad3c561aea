"""Standings: what people make of the whole catalogue, each asked about once however many lists they are in."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.recommender.catalog import Catalog, Flags
from server.recommender.embeddings import EmbeddingCache, embed
from server.recommender.groups import Group
from server.recommender.members import complete
from server.recommender.models import PADDING_ROW, Floats, Models
from server.recommender.objective import Order
from server.recommender.preferences import Found, Preferences, by_objective, rank_and_rate
from server.recommender.queries import Member, Objective
from server.recommender.release_info import ReleaseInfo


class Standing(NamedTuple):
    """What one person makes of each movie.

    Attributes:
        place: Its place in the person's order, from 0, `[movies]` of the smallest type that holds them.
        score: `[movies] float32`.
        rating: `[movies] float32` stars; NaN where there are none.
        fault: Why there are no stars; empty when there are.
    """

    place: NDArray[Any]
    score: Floats
    rating: Floats
    fault: str


class Standings:
    """Known users' standings, kept; the one unused for longest goes first.

    The models are asked about people and not about lists.

    Attributes:
        catalog: Of the release they are of.
        capacity: How many are kept.
        max_pairs: How many pairs are worked on at once, and how many people asked about.
    """

    def __init__(
        self, catalog: Catalog, embeddings: EmbeddingCache, kept_bytes: int, max_cells: int, *, even_calls: bool = False
    ) -> None:
        """Makes room for the standings of people of one release.

        Args:
            catalog: Of the release.
            embeddings: Of its people.
            kept_bytes: What standings may take.
            max_cells: Movies of all people of one call to the models, and of all pairs worked on at once.
            even_calls: Ask about as many people in every call, however few are missing. How many there are changes
                the last digits of what is said of each.
        """
        self.catalog, self._embeddings, self._even_calls = catalog, embeddings, even_calls
        self.max_pairs = max(1, max_cells // catalog.num_movies)
        self._small = np.min_scalar_type(catalog.num_movies)
        a_movie = self._small.itemsize + 2 * np.dtype(np.float32).itemsize
        self.capacity = kept_bytes // (a_movie * catalog.num_movies)
        self._kept: OrderedDict[str, Standing] = OrderedDict()

    async def of(self, models: Models, user_ids: Sequence[str]) -> list[Standing]:
        """Returns people's standings; someone unknown has a stranger's.

        Where the ranking head alone does not answer they are without stars, and asked about again the next time.

        Args:
            models: Of the release.
            user_ids: The people.

        Raises:
            ModelsUnavailableError: The query tower or the index does not answer.
            DeadlineExceededError: They do not answer in time.
        """
        standings = {user_id: self._kept[user_id] for user_id in user_ids if user_id in self._kept}
        for user_id in standings:
            self._kept.move_to_end(user_id)
        missing = [user_id for user_id in dict.fromkeys(user_ids) if user_id not in standings]
        for start in range(0, len(missing), self.max_pairs):
            some = missing[start : start + self.max_pairs]
            standings |= zip(some, await self._ask(models, some), strict=True)
        return [standings[user_id] for user_id in user_ids]

    async def _ask(self, models: Models, user_ids: Sequence[str]) -> list[Standing]:
        people = [complete(self.catalog, Member(user_id)) for user_id in user_ids]
        embedding = await embed(models, len(self.catalog.info.genres), self._embeddings, people)
        if self._even_calls:
            embedding = np.resize(embedding, (self.max_pairs, embedding.shape[1]))
        shape = (len(embedding), self.catalog.num_movies)
        rows = np.broadcast_to(np.arange(shape[1], dtype=np.int32), shape)
        nothing = np.full((len(embedding), 1), PADDING_ROW, np.int32)
        order, (rating, fault) = await rank_and_rate(models, embedding, nothing, rows)
        made = []
        for user_id, rank, score, stars in zip(user_ids, order.rank, order.score, rating, strict=False):
            place = np.argsort(np.argsort(rank, kind="stable")).astype(self._small)
            # Copies: a view would keep the whole answer alive.
            made.append(Standing(place, score.astype(np.float32), stars.copy(), fault))
            if not fault:
                self._keep(user_id, made[-1])
        return made

    def _keep(self, user_id: str, standing: Standing) -> None:
        self._kept[user_id] = standing
        self._kept.move_to_end(user_id)
        while len(self._kept) > self.capacity:
            self._kept.popitem(last=False)


def find(info: ReleaseInfo, standings: Sequence[Standing], groups: Sequence[Sequence[int]], kept: Flags) -> Found:
    """Finds the joined candidates of p groups of m, as `prefer` has them from the index.

    Where anybody's stars are missing, all are, with the reason.

    Args:
        info: The release.
        standings: Of everybody.
        groups: Who is in each group: m places in `standings`.
        kept: `[p, movies]`, what a group's list may hold.
    """
    fault = next((standing.fault for standing in standings if standing.fault), "")
    # Group by group: arrays of all groups are too many cells for the fastest memory.
    found = [
        _find_for_group(info.candidates, [standings[member] for member in group], kept_by_group)
        for group, kept_by_group in zip(groups, kept, strict=True)
    ]
    if len(found) > 1 or not found[0][0].size:  # or there would be no column to shape the arrays by
        paddings = (PADDING_ROW, 0, 0, np.nan)
        found = [tuple(map(_below_each_other, zip(*found, strict=True), paddings))]
    [(rows, rank, score, stars)] = found
    rating = np.full_like(stars, np.nan) if fault else stars
    return rows.astype(np.int32), Order(score, rank), rating, fault


def _find_for_group(num_candidates: int, group: Sequence[Standing], kept: Flags) -> tuple[NDArray[Any], ...]:
    """Returns the rows of one group's candidates `[1, c]`, and their ranks, scores and stars `[m, c]`."""
    ranks, best = [], np.zeros(len(kept), bool)
    for standing in group:
        place, in_order = standing.place.astype(np.intp), np.empty_like(kept)
        in_order[place] = kept
        ranks.append(in_order.cumsum(dtype=np.int32).take(place))  # a movie left out has that of the one before it
        best |= ranks[-1] <= num_candidates
    rows = (best & kept).nonzero()[0]
    shape = len(group), len(rows)
    rank, score, rating = np.empty(shape, np.int32), np.empty(shape), np.empty(shape, np.float32)
    for member, (standing, of_all) in enumerate(zip(group, ranks, strict=True)):
        rank[member], score[member] = of_all.take(rows), standing.score.take(rows)
        rating[member] = standing.rating.take(rows)
    return rows[np.newaxis], rank, score, rating


def _below_each_other(parts: Sequence[NDArray[Any]], padding: float) -> NDArray[Any]:
    """Returns the lines of all parts `[m, c]` as wide as the widest, `[p m, w]`; w is at least 1."""
    width = max(1, *(part.shape[1] for part in parts))
    padded = np.full((len(parts), len(parts[0]), width), padding, parts[0].dtype)
    for lines, part in zip(padded, parts, strict=True):
        lines[:, : part.shape[1]] = part
    return padded.reshape(-1, width)


async def prefer_standing(models: Models, standings: Standings, groups: Sequence[Group]) -> Preferences:
    """Returns what `prefer` returns, from standings.

    Args:
        models: Of the release.
        standings: Of its people.
        groups: Of as many members each; all are who they are by their ids alone.

    Raises:
        ModelsUnavailableError: The query tower or the index does not answer.
        DeadlineExceededError: They do not answer in time.
    """
    user_ids = [person.told.user_id for group in groups for person in group.people]
    of_each, info = await standings.of(models, user_ids), standings.catalog.info
    kept = np.empty((len(groups), standings.catalog.num_movies), bool)
    for line, group in zip(kept, groups, strict=True):
        group.mark_kept(line)
    liking = np.array([group.wanted.objective is Objective.LIKE for group in groups])
    places = [range(start, start + len(groups[0].people)) for start in range(0, len(of_each), len(groups[0].people))]
    return by_objective(info, liking, find(info, of_each, places, kept))
