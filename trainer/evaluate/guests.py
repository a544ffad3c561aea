"""Measures people whom the release has never seen: only their history is known, at the time they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.data import DataError
from trainer.evaluate.accuracy import SERVED, Measured
from trainer.histories import Histories
from trainer.metrics import find_hits, liked, ndcg
from trainer.person_metrics import PersonWise, star_metrics
from trainer.rating.blend import damped_means

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.evaluate.served import ServedRelease

NUM_GUESTS = 100
# Guests need more than the first 20 ratings, which are known, to be judged by.
MIN_RATINGS = 30
KNOWN = (0, 1, 3, 5, 10, 20)
# Source: Liang et al., "Variational Autoencoders for Collaborative Filtering", 2018, section 4: what they hold out.
STRONG_SHARE, STRONG_MIN_RATINGS, STRONG_KNOWN_SHARE = 0.1, 5, 0.8


def measure_guests(dataset: Dataset, seed: int, train: Callable[[Dataset], ServedRelease]) -> Measured:
    """Predicts 100 people's stars from their first 0 to 20 ratings, beside each movie's mean, shrunk to that of all.

    All predictions are of the same ratings, those after the 20th. People are held out whole.

    Raises:
        DataError: Too few people have rated enough.
    """
    histories = Histories.of_people(dataset)
    able = _able(histories, MIN_RATINGS, "guests")
    guests = np.sort(np.random.default_rng(seed).choice(able, min(NUM_GUESTS, len(able) // 2), replace=False))
    others = dataset.take(~np.isin(dataset.user, guests))
    release = train(others)
    asked = _cut(histories, guests, np.full(len(guests), KNOWN[-1]), histories.lengths[guests])
    means = damped_means(Histories.of_people(others), len(dataset.movies))
    by_mean = star_metrics(means[asked.rows], asked)
    return Measured(
        {
            f"guests_{count}_ratings": {
                SERVED: star_metrics(release.guest_stars(_first(histories, guests, count), asked), asked),
                "movie_mean": by_mean,
            }
            for count in KNOWN
        }
    )


def measure_strong(dataset: Dataset, seed: int, train: Callable[[Dataset], ServedRelease]) -> Measured:
    """Measures lists by strong generalisation: a tenth of the people held out, 80 % of what they liked known.

    Only what people liked counts, of people who liked five movies or more; recall is of the most that fits the list.

    Raises:
        DataError: Too few people have liked enough.
    """
    histories = Histories.of_people(liked(dataset))
    able = _able(histories, STRONG_MIN_RATINGS, "strong")
    generator = np.random.default_rng(seed)
    guests = np.sort(generator.choice(able, max(1, round(STRONG_SHARE * len(able))), replace=False))
    release = train(liked(dataset).take(~np.isin(liked(dataset).user, guests)))
    shuffled = _shuffled(histories, generator)
    num_known = np.floor(STRONG_KNOWN_SHARE * histories.lengths[guests]).astype(int)
    known = _cut(shuffled, guests, np.zeros(len(guests), int), num_known)
    relevant = _cut(shuffled, guests, num_known, histories.lengths[guests])
    hits, count = find_hits(release.guest_lists(known), relevant, np.arange(len(guests)))
    everyone = np.ones(len(guests))
    metrics = {"ndcg_at_100": PersonWise(ndcg(hits, count, 100), everyone)}
    for depth in (20, 50):
        metrics[f"recall_at_{depth}"] = PersonWise(hits[:, :depth].sum(axis=1) / np.minimum(count, depth), everyone)
    return Measured({"strong": {SERVED: metrics}})


def _able(histories: Histories, min_ratings: int, protocol: str) -> np.ndarray:
    able = np.flatnonzero(histories.lengths >= min_ratings)
    if len(able) < 2:
        needed = f"needs at least 2 people with {min_ratings} ratings or more"
        raise DataError(f"protocol {protocol} {needed}, this data has {len(able)}; choose another protocol")
    return able


def _first(histories: Histories, owners: np.ndarray, count: int) -> Histories:
    return _cut(histories, owners, np.zeros(len(owners), int), np.full(len(owners), count))


def _cut(histories: Histories, owners: np.ndarray, start: np.ndarray, stop: np.ndarray) -> Histories:
    """Returns the entries from `start` to `stop`, exclusive, of the list of each of `owners`, all [n]."""
    offsets = np.concatenate(([0], np.cumsum(stop - start)))
    first = histories.offsets[owners] + start - offsets[:-1]
    entries = np.repeat(first, stop - start) + np.arange(offsets[-1])
    return Histories(offsets, histories.rows[entries], histories.ratings[entries])


def _shuffled(histories: Histories, generator: np.random.Generator) -> Histories:
    order = np.lexsort((generator.random(len(histories.rows)), histories.owners))
    return Histories(histories.offsets, histories.rows[order], histories.ratings[order])
