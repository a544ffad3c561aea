"""Lists for two against every movie ranked by the definitions: of the catalogue; under LIKE, of the same candidates."""

import asyncio
import random
from pathlib import Path

import numpy as np

from server.recommender import predictions
from server.recommender.fusion import Votes, fuse
from server.recommender.models import Floats, Rows
from server.recommender.queries import MILLION, ListQuery, Member, Objective, PairQuery, Strategy
from server.recommender.recommend import Recommender
from server.recommender.release_info import ReleaseInfo
from tests.soak.in_process import Opened, open_newest
from tests.soak.outcome import Outcome

_PAIRS, _TOP, _LEAST_OVERLAP = 1000, 20, 0.99

Pair = tuple[str, str, int]  # whose list, and the first one's weight in millionths


def soak_overlap(root: Path, outcome: Outcome, seed: int) -> None:
    """Asks the newest release of a folder for 1,000 random pairs with random weights, by every strategy."""
    opened, rng = open_newest(root), random.Random(seed)
    pairs = [(*rng.sample(opened.people, 2), rng.randrange(MILLION + 1)) for _ in range(_PAIRS)]
    for objective in Objective:
        overlaps = np.array([asyncio.run(_overlaps(opened, pair, objective)) for pair in pairs])
        for strategy, overlap in zip(Strategy, overlaps.T, strict=True):
            said = f"{objective.value} {strategy.value}: overlap {overlap.mean():.5f}, of the worst {overlap.min():.2f}"
            outcome.facts.append(said)
            outcome.counts[objective.value, strategy.value] += len(overlap)
            outcome.require(overlap.mean() >= _LEAST_OVERLAP, said)


async def _overlaps(opened: Opened, pair: Pair, objective: Objective) -> list[float]:
    """Returns how much of the right top 20 is in the list that was made, for each strategy."""
    first, second, weight = pair
    wanted = ListQuery(objective, _TOP)
    queries = [PairQuery(Member(first), Member(second), weight, strategy, wanted) for strategy in Strategy]
    lists = await Recommender(opened.models, opened.catalog).recommend_pairs(queries)
    votes = await _exhaustive(opened, pair, objective)
    right = [fuse(strategy, votes, [_TOP])[0].columns.tolist() for strategy in Strategy]
    return [
        len({entry.row for entry in made.entries} & set(rows)) / len(rows)
        for made, rows in zip(lists, right, strict=True)
    ]


async def _exhaustive(opened: Opened, pair: Pair, objective: Objective) -> Votes:
    """Ranks every movie for both, straight from the definitions."""
    catalog, models, (first, second, weight) = opened.catalog, opened.models, pair
    movies = np.tile(np.arange(catalog.num_movies, dtype=np.int32), (2, 1))
    embedding = (await predictions.embed_users(models, [first, second], len(catalog.info.genres))).embedding
    nothing = np.full((2, 1), -1, np.int32)
    watch = (await predictions.rank_movies(models, embedding, nothing, movies)).score
    stars = await predictions.predict_stars(models, embedding, movies)
    left = np.setdiff1d(movies[0], [*catalog.history(first).rows, *catalog.history(second).rows])
    rank_one = _by_watching if objective is Objective.WATCH else _by_liking
    both = [rank_one(catalog.info, left, *scores) for scores in zip(watch, stars.astype(float), strict=True)]
    score, rank = (np.stack(of)[np.newaxis] for of in zip(*both, strict=True))
    if objective is Objective.LIKE:
        candidates = (rank > 0) & (rank <= catalog.info.candidates)
        rank = np.where(candidates.any(axis=1, keepdims=True), rank, 0)
    return Votes(score, rank, np.array([[weight, MILLION - weight]]), catalog.info.candidates)


def _by_watching(_info: ReleaseInfo, left: Rows, watch: Floats, _stars: Floats) -> tuple[Floats, Rows]:
    return watch, _ranks(left[np.argsort(-watch[left], kind="stable")], len(watch))


def _by_liking(info: ReleaseInfo, left: Rows, watch: Floats, stars: Floats) -> tuple[Floats, Rows]:
    order = left[np.argsort(-watch[left], kind="stable")]
    own, rest = np.sort(order[: info.candidates]), order[info.candidates :]
    mixture = (1 - info.like_star_share) * _standard(watch[own]) + info.like_star_share * _standard(stars[own])
    # Below their own candidates scores go on downwards from the lowest mixture.
    score = mixture.min() + (watch - watch[own].min()) / watch[own].std()
    score[own] = mixture
    return score, _ranks(np.concatenate([own[np.argsort(-mixture, kind="stable")], rest]), len(watch))


def _standard(values: Floats) -> Floats:
    return (values - values.mean()) / values.std()


def _ranks(order: Rows, num_movies: int) -> Rows:
    ranks = np.zeros(num_movies, np.int32)
    ranks[order] = np.arange(1, len(order) + 1)
    return ranks
