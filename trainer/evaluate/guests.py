"""Measures people whom the release has never seen: only their history is known, at the time they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.baselines import popularity
from trainer.data import DataError
from trainer.evaluate.accuracy import NO_EASE, SERVED, Measured
from trainer.evaluate.splits import places_in_time
from trainer.evaluate.tuning import Tuning
from trainer.histories import Histories
from trainer.metrics import PersonWise, find_hits, judge_scores, liked, ndcg, star_metrics
from trainer.rating.blend import damped_means
from trainer.retrieval.item_to_item import Ease, watched_matrix

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.evaluate.bench import Bench

NUM_GUESTS = 100
# Guests need more than the first 20 ratings, which are known, to be judged by.
MIN_RATINGS = 30
KNOWN = (0, 1, 3, 5, 10, 20)
# Source: Liang et al., "Variational Autoencoders for Collaborative Filtering", 2018, section 4: what they hold out.
STRONG_SHARE, STRONG_MIN_RATINGS, STRONG_KNOWN_SHARE = 0.1, 5, 0.8


def measure_guests(bench: Bench) -> Measured:
    """Predicts 100 people's stars from their first 0 to 20 ratings, beside each movie's mean, shrunk to that of all.

    All predictions are of the same ratings, those after the 20th. People are held out whole. At 0 and 1 rating the
    movie's mean is what is served, by construction.

    Raises:
        DataError: Too few people have rated enough, or there is no order of time.
    """
    dataset, seed = bench.dataset.latest(), bench.seeds[0]
    able = _able(Histories.of_people(dataset), MIN_RATINGS, "guests")
    place = places_in_time(dataset)
    guests = np.random.default_rng(seed).choice(able, min(NUM_GUESTS, len(able) // 2), replace=False)
    is_guest = np.isin(dataset.user, guests)
    others = dataset.take(~is_guest)
    release = bench.train_with(others, seed)
    asked = Histories.of_people(dataset.take(is_guest & (place >= KNOWN[-1])))
    means = damped_means(Histories.of_people(others), len(dataset.movies))
    by_mean = star_metrics(means[asked.rows], asked)
    parts = {}
    for count in KNOWN:
        known = Histories.of_people(dataset.take(is_guest & (place < count)))
        served = release.guest_stars(known, asked)
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
    train = likes.take(~np.isin(likes.user, guests))
    release = bench.train_with(train, seed)
    is_guest = np.isin(histories.owners, guests)
    order = np.lexsort((generator.random(len(histories.rows)), histories.owners))
    place = np.empty(len(order))
    place[order] = histories.places
    is_known = place < np.floor(STRONG_KNOWN_SHARE * histories.lengths)[histories.owners]
    known, relevant = histories.where(is_guest & is_known), histories.where(is_guest & ~is_known)
    tuning = Tuning(train, seed)
    systems = {SERVED: find_hits(release.guest_lists(known), relevant, np.arange(len(known)))}
    systems |= {name: judge_scores(of, known, relevant).hits for name, of in _baselines(tuning, train, known).items()}
    return Measured(
        {"strong": {name: _strong_metrics(hits, relevant) for name, hits in systems.items()}},
        {"ease_penalty": tuning.ease_penalty or NO_EASE, "baselines_out_of_time": tuning.budget_spent},
    )


def _baselines(tuning: Tuning, train: Dataset, known: Histories) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    learned, num_movies, penalty = Histories.of_people(train), len(train.movies), tuning.ease_penalty
    scores = {"popularity": popularity(learned, num_movies)}
    if penalty:
        ease, watched = Ease(learned, num_movies, penalty), watched_matrix(known, num_movies)
        scores["ease"] = lambda people: ease.scores_of_others(watched[people].toarray())
    return scores


def _strong_metrics(hits: np.ndarray, relevant: Histories) -> dict[str, PersonWise]:
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
