"""Guests beside who they are: ten movies of someone's history, and tastes alone, against the whole of it."""

import asyncio
import random
from collections import defaultdict
from pathlib import Path

import numpy as np

from server.recommender.catalog import Catalog
from server.recommender.lists import PersonList
from server.recommender.models import Floats
from server.recommender.queries import History, ListQuery, Member, Objective, PersonQuery
from server.recommender.recommend import Recommender
from tests.soak.in_process import open_newest
from tests.soak.outcome import Outcome

_PEOPLE, _FEWEST_RATED, _TOLD, _TOP = 100, 30, 10, 20
_LIKED = 0.75  # of the scale: four of five stars
_DISCOUNT = 1 / np.log2(np.arange(2, _TOP + 2))


def soak_guests(root: Path, outcome: Outcome, seed: int) -> None:
    """Measures 100 people's lists: overlap with their own, and NDCG on the movies that the guest did not name."""
    opened, rng = open_newest(root), random.Random(seed)
    catalog = opened.catalog
    able = [user_id for user_id in opened.people if len(catalog.history(user_id).rows) >= _FEWEST_RATED]
    people = rng.sample(able, _PEOPLE)
    recommender = Recommender(opened.models, catalog)
    for objective in Objective:
        seen = defaultdict(list)
        for user_id in people:
            told = sorted(rng.sample(range(len(catalog.history(user_id).rows)), _TOLD))
            for who, values in asyncio.run(_measure(recommender, user_id, told, objective)).items():
                seen[who].append(values)
        for who, measured in seen.items():
            outcome.counts[objective.value, who] = len(measured)
            overlap, ndcg = np.nanmean(measured, axis=0)
            outcome.facts.append(f"{objective.value}, {who}: overlap@{_TOP} {overlap:.3f}, NDCG@{_TOP} {ndcg:.3f}")


async def _measure(
    recommender: Recommender, user_id: str, told: list[int], objective: Objective
) -> dict[str, tuple[float, float]]:
    """Returns overlap and NDCG of what each way to know someone gives; NDCG is NaN where nothing can be found."""
    history = recommender.catalog.history(user_id)
    ten = History(history.rows[told], history.ratings[told])
    members = {
        "who they are": Member(user_id, include_watched=True),
        "ten movies": Member(history=ten, include_watched=True),
        "tastes": Member(genre_ratings=_tastes(recommender.catalog, history)),
        "nothing (popularity)": Member("nobody at all"),
    }
    # All leave out the same movies: for the overlap what was watched, for NDCG what the guest named.
    by_overlap, by_ndcg = [
        await recommender.recommend([PersonQuery(each, ListQuery(objective, _TOP, rows)) for each in members.values()])
        for rows in (history.rows, ten.rows)
    ]
    relevant = _relevant(recommender.catalog, history, objective) - set(ten.rows.tolist())
    overlaps = [len({*_rows(each)} & {*_rows(by_overlap[0])}) / _TOP for each in by_overlap]
    return dict(
        zip(members, zip(overlaps, [_ndcg(_rows(each), relevant) for each in by_ndcg], strict=True), strict=True)
    )


def _rows(made: PersonList) -> list[int]:
    return [entry.row for entry in made.entries]


def _tastes(catalog: Catalog, history: History) -> Floats:
    """Returns what someone's history says they would give each genre, `[g] float32` stars."""
    genres = [catalog.movie(row).genres for row in history.rows.tolist()]
    stars = [history.ratings[[genre in of_movie for of_movie in genres]] for genre in catalog.info.genres]
    return np.array([given.mean() if len(given) else np.nan for given in stars], np.float32)


def _relevant(catalog: Catalog, history: History, objective: Objective) -> set[int]:
    info = catalog.info
    least = info.rating_min + _LIKED * (info.rating_max - info.rating_min)
    return set(history.rows[(history.ratings >= least) | (objective is Objective.WATCH)].tolist())


def _ndcg(rows: list[int], relevant: set[int]) -> float:
    if not relevant:
        return np.nan
    hits = np.array([row in relevant for row in rows])
    return float(_DISCOUNT[: len(rows)][hits].sum() / _DISCOUNT[: len(relevant)].sum())
