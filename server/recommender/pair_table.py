"""Lists for many pairs as arrays: no object a pair or movie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.errors import ModelsUnavailableError
from server.recommender.catalog import Catalog, Flags
from server.recommender.fusion import Votes, fuse
from server.recommender.models import Floats, Models, Rows
from server.recommender.preferences import Found, by_objective
from server.recommender.queries import MILLION, Objective, Strategy
from server.recommender.release_info import ReleaseInfo
from server.recommender.standings import Standings, find


@dataclass(frozen=True)
class Wanted:
    """What the lists of a batch should be like: see PairQuery and ListQuery."""

    objective: Objective = Objective.WATCH
    strategy: Strategy = Strategy.RANK_FUSION
    size: int = 10


class PairTable(NamedTuple):
    """The lists of p pairs one after the other, a line a movie, r lines in all.

    Attributes:
        pair: Whose list a line is in, `[r]`, 0 to p - 1, ascending.
        place: Its place in that list, `[r] int32` from 1.
        movie_row: `[r] int32`.
        pair_score: `[r] float64`.
        score: Of the movie for the first and the second, `[r, 2] float64`.
        rank: The same, `[r, 2] int32`.
        rating: The same, `[r, 2] float32`.
    """

    pair: NDArray[np.intp]
    place: Rows
    movie_row: Rows
    pair_score: Floats
    score: Floats
    rank: Rows
    rating: Floats


@dataclass(frozen=True)
class PairBatch:
    """Asks for the lists of p pairs, by people's ids alone.

    Attributes:
        user_ids: Different people.
        pairs: `[p, 2]`, who is in each pair: places in `user_ids`.
        first_weight_millionths: How much the first of each pair counts, `[p]`, 0 to 1,000,000.
    """

    user_ids: Sequence[str]
    pairs: NDArray[np.intp]
    first_weight_millionths: NDArray[np.int64]


async def recommend_table(models: Models, standings: Standings, batch: PairBatch, wanted: Wanted) -> PairTable:
    """Makes the lists that `Recommender.recommend_pairs` makes: the same movies, scores to 1e-5.

    Args:
        models: Of the release that the standings are of.
        standings: What people make of its movies, as far as it is known; grows.
        batch: Whose lists.
        wanted: What they should be like.

    Raises:
        ModelsUnavailableError: A model does not answer, be it the ranking head alone.
        DeadlineExceededError: One does not answer in time.
    """
    tables = []
    for start in range(0, len(batch.pairs), standings.max_pairs):
        some = slice(start, start + standings.max_pairs)
        asked, pairs = np.unique(batch.pairs[some], return_inverse=True)
        user_ids, pairs = [batch.user_ids[person] for person in asked], pairs.reshape(-1, 2)
        watched = _watched(standings.catalog, user_ids)
        of_each, kept = await standings.of(models, user_ids), ~(watched[pairs[:, 0]] | watched[pairs[:, 1]])
        found = find(standings.catalog.info, of_each, pairs.tolist(), kept)
        if fault := found[-1]:
            raise ModelsUnavailableError(fault)
        table = _table(standings.catalog.info, found, batch.first_weight_millionths[some], wanted)
        tables.append(table._replace(pair=table.pair + start))
    return PairTable(*map(np.concatenate, zip(*tables, strict=True))) if tables else _nothing()


def _watched(catalog: Catalog, user_ids: Sequence[str]) -> Flags:
    """Returns which movies each of n people has watched, `[n, movies]`."""
    watched = np.zeros((len(user_ids), catalog.num_movies), bool)
    for line, user_id in zip(watched, user_ids, strict=True):
        line[catalog.history(user_id).rows] = True
    return watched


def _table(info: ReleaseInfo, found: Found, millionths: NDArray[np.int64], wanted: Wanted) -> PairTable:
    liking = np.full(len(millionths), wanted.objective is Objective.LIKE)
    preferences = by_objective(info, liking, found)
    weight = np.stack([millionths, MILLION - millionths], axis=1)
    votes = Votes(preferences.score, preferences.rank, weight, info.candidates)
    picks = fuse(wanted.strategy, votes, [wanted.size] * len(millionths))
    counts = [len(picked.columns) for picked in picks]
    pair, column = np.repeat(np.arange(len(picks)), counts), np.concatenate([picked.columns for picked in picks])
    return PairTable(
        pair=pair,
        place=np.concatenate([np.arange(1, count + 1, dtype=np.int32) for count in counts]),
        movie_row=preferences.movie_row[pair, column],
        pair_score=np.concatenate([picked.score for picked in picks]),
        score=preferences.score[pair, :, column],
        rank=preferences.rank[pair, :, column],
        rating=preferences.rating[pair, :, column],
    )


def _nothing() -> PairTable:
    row, of_both = np.empty(0, np.int32), np.empty((0, 2), np.int32)
    nothing = of_both.astype(np.float64)
    return PairTable(row.astype(np.intp), row, row, row.astype(np.float64), nothing, of_both, nothing)
