"""How much predicted stars count when a list should hold what people will like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from server.recommender.objective import Order, order_by_liking
from trainer.histories import Histories
from trainer.metrics import best_rows, judge_lists, liked, list_metrics, list_quality, means, people_in_batches

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels

SHARES = tuple(step / 20 for step in range(13))


def choose_like_star_share(fitted: FittedModels, held_back: Dataset, num_candidates: int) -> float:
    """Returns the share of `SHARES` whose lists hold most of what people liked among the held-back interactions.

    Judged by `list_quality`, each share together with its neighbours, since one slice is noisier than what neighbours
    differ by; the smaller share where two are equal.
    """
    relevant = Histories.of_people(liked(held_back))
    people = np.flatnonzero(relevant.lengths)
    if not len(people):
        return SHARES[0]
    rows, watch = _candidates(fitted, people, num_candidates)
    stars = fitted.predict_stars(np.repeat(people, rows.shape[1]), rows.ravel()).reshape(rows.shape)
    num_own = (watch.rank > 0).sum(axis=1)
    qualities = []
    for share in SHARES:
        order = order_by_liking(watch, stars, num_own, share)
        judged = judge_lists(_in_order(rows, order.rank), relevant, people)
        qualities.append(list_quality(means(list_metrics(judged)), len(relevant.rows)))
    around = np.convolve(np.pad(qualities, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    # Rounding would otherwise tell apart what is equal.
    return SHARES[int(np.argmax(np.round(around, 9)))]


def _candidates(fitted: FittedModels, people: np.ndarray, num_candidates: int) -> tuple[np.ndarray, Order]:
    """Returns each person's candidates by retrieval score, rows [n, k] and their order, rank 0 for padding."""
    rows, scores = [], []
    for batch in people_in_batches(people):
        of_movie = fitted.retrieval_scores(batch)
        rows.append(best_rows(of_movie, fitted.histories, batch, num_candidates))
        scores.append(np.take_along_axis(of_movie, rows[-1], axis=1))
    found = np.concatenate(rows) >= 0
    rank = np.where(found, np.arange(1, found.shape[1] + 1), 0).astype(np.int32)
    return np.concatenate(rows), Order(np.where(found, np.concatenate(scores), np.nan), rank)


def _in_order(rows: np.ndarray, rank: np.ndarray) -> np.ndarray:
    order = np.argsort(np.where(rank > 0, rank, np.iinfo(np.int32).max), axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1)
