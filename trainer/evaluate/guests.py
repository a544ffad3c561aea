"""Measures people whom the release has never seen: only their history is known, at the time they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.data import DataError
from trainer.evaluate.accuracy import SERVED, Measured
from trainer.histories import Histories
from trainer.metrics import PersonWise, find_hits, liked, ndcg, star_metrics
from trainer.rating.blend import damped_means

if TYPE_CHECKING:
    from trainer.evaluate.bench import Bench

NUM_GUESTS = 100
# Guests need more than the first 20 ratings, which are known, to be judged by.
MIN_RATINGS = 30
KNOWN = (0, 1, 3, 5, 10, 20)
# Source: Liang et al., "Variational Autoencoders for Collaborative Filtering", 2018, section 4: what they hold out.
STRONG_SHARE, STRONG_MIN_RATINGS, STRONG_KNOWN_SHARE = 0.1, 5, 0.8


def measure_guests(bench: Bench) -> Measured:
    """Predicts 100 people's stars from their first 0 to 20 ratings, beside each movie's mean, shrunk to that of all.

    All predictions are of the same ratings, those after the 20th. People are held out whole.

    Raises:
        DataError: Too few people have rated enough.
    """
    dataset, seed = bench.dataset, bench.seeds[0]
    histories = Histories.of_people(dataset)
    able = _able(histories, MIN_RATINGS, "guests")
    guests = np.random.default_rng(seed).choice(able, min(NUM_GUESTS, len(able) // 2), replace=False)
    others = dataset.take(~np.isin(dataset.user, guests))
    release = bench.train_with(others, seed)
    history = histories.where(np.isin(histories.owners, guests))
    asked = history.where(history.places >= KNOWN[-1])
    means = damped_means(Histories.of_people(others), len(dataset.movies))
    by_mean = star_metrics(means[asked.rows], asked)
    parts = {}
    for count in KNOWN:
        served = release.guest_stars(history.where(history.places < count), asked)
        parts[f"guests_{count}_ratings"] = {SERVED: star_metrics(served, asked), "movie_mean": by_mean}
    return Measured(parts)


def measure_strong(bench: Bench) -> Measured:
    """Measures lists by strong generalisation: a tenth of the people held out, 80 % of what they liked known.

    Only what people liked counts, of people who liked five movies or more; recall is of the most that fits the list.

    Raises:
        DataError: Too few people have liked enough.
    """
    likes, seed = liked(bench.dataset), bench.seeds[0]
    histories = Histories.of_people(likes)
    able = _able(histories, STRONG_MIN_RATINGS, "strong")
    generator = np.random.default_rng(seed)
    guests = generator.choice(able, max(1, round(STRONG_SHARE * len(able))), replace=False)
    release = bench.train_with(likes.take(~np.isin(likes.user, guests)), seed)
    is_guest = np.isin(histories.owners, guests)
    order = np.lexsort((generator.random(len(histories.rows)), histories.owners))
    place = np.empty(len(order))
    place[order] = histories.places
    is_known = place < np.floor(STRONG_KNOWN_SHARE * histories.lengths)[histories.owners]
    known, relevant = histories.where(is_guest & is_known), histories.where(is_guest & ~is_known)
    return Measured({"strong": {SERVED: _strong_metrics(release.guest_lists(known), relevant)}})


def _strong_metrics(lists: np.ndarray, relevant: Histories) -> dict[str, PersonWise]:
    hits = find_hits(lists, relevant, np.arange(len(lists)))
    counts, at_least_one = (relevant.lengths > 0).astype(float), np.maximum(relevant.lengths, 1)
    metrics = {"ndcg_at_100": PersonWise(ndcg(hits, at_least_one, 100), counts)}
    for depth in (20, 50):
        recall = hits[:, :depth].sum(axis=1) / np.minimum(at_least_one, depth)
        metrics[f"recall_at_{depth}"] = PersonWise(recall, counts)
    return metrics


def _able(histories: Histories, min_ratings: int, protocol: str) -> np.ndarray:
    able = np.flatnonzero(histories.lengths >= min_ratings)
    if len(able) < 2:
        needed = f"needs at least 2 people with {min_ratings} ratings or more"
        raise DataError(f"protocol {protocol} {needed}, this data has {len(able)}; choose another protocol")
    return able
