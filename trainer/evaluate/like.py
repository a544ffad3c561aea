"""How much predicted stars count when a list should hold what people will like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from server.recommender.objective import Order, order_by_liking
from trainer.histories import Histories
from trainer.metrics import best_rows, judge_lists, liked, list_metrics, list_quality, means, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels

SHARES = tuple(step / 20 for step in range(13))


def choose_like_star_share(fitted: FittedModels, held_back: Dataset, num_candidates: int) -> float:
    """Returns the share of `SHARES` whose lists hold most of what people liked among the held-back interactions.

    Judged by `list_quality`, each share together with its neighbours, since one slice is noisier than what neighbours
    differ by; the smaller share where two are equal.
    """
    relevant = Histories.of_people(liked(held_back))
    judged = like_metrics(fitted, fitted.histories, relevant, num_candidates, SHARES)
    if not any(judged):
        return SHARES[0]
    qualities = [list_quality(metrics, len(relevant.rows)) for metrics in judged]
    around = np.convolve(np.pad(qualities, 1, mode="edge"), np.ones(3) / 3, mode="valid")
    # Rounding would otherwise tell apart what is equal.
    return SHARES[int(np.argmax(np.round(around, 9)))]


def like_metrics(
    fitted: FittedModels, seen: Histories, relevant: Histories, num_candidates: int, shares: Sequence[float]
) -> list[dict[str, float]]:
    """Returns, for each star share, the metrics of the LIKE lists without what was seen; none where nobody is judged.

    Args:
        fitted: The models.
        seen: What people have seen, which their lists leave out.
        relevant: What of the rest they liked.
        num_candidates: k, how many candidates are re-ordered.
        shares: How much stars count, 0 to 1.
    """
    people = np.flatnonzero(relevant.lengths)
    if not len(people):
        return [{} for _ in shares]
    rows, watch = _candidates(fitted, seen, people, num_candidates)
    stars = fitted.predict_stars(np.repeat(people, rows.shape[1]), rows.ravel()).reshape(rows.shape)
    num_own = (watch.rank > 0).sum(axis=1)
    orders = (order_by_liking(watch, stars, num_own, share) for share in shares)
    return [means(list_metrics(judge_lists(_in_order(rows, order.rank), relevant, people))) for order in orders]


def _candidates(
    fitted: FittedModels, seen: Histories, people: np.ndarray, num_candidates: int
) -> tuple[np.ndarray, Order]:
    """Returns each person's candidates by retrieval score, rows [n, k] and their order, rank 0 for padding."""
    rows, scores = [], []
    for batch in people_in_batches(people):
        of_movie = fitted.retrieval_scores(batch)
        rows.append(best_rows(of_movie, seen, batch, num_candidates))
        scores.append(np.take_along_axis(of_movie, rows[-1], axis=1))
    found = np.concatenate(rows) >= 0
    rank = np.where(found, np.arange(1, found.shape[1] + 1), 0).astype(np.int32)
    return np.concatenate(rows), Order(np.where(found, np.concatenate(scores), np.nan), rank)


def _in_order(rows: np.ndarray, rank: np.ndarray) -> np.ndarray:
    order = np.argsort(np.where(rank > 0, rank, np.iinfo(np.int32).max), axis=1, kind="stable")
    return np.take_along_axis(rows, order, axis=1)
