"""One person's own order of the candidates: by what they will likely watch, or will likely like."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import Floats, Rows


class Order(NamedTuple):
    """Scores `[n, c] float64` and ranks `[n, c] int32` from 1; a score means nothing where the rank is 0."""

    score: Floats
    rank: Rows


def order_by_liking(watch: Order, rating: Floats, num_own: NDArray[np.int64], star_share: float) -> Order:
    """Re-orders each person's own candidates by retrieval score mixed with predicted stars.

    The mixture is (1 - s) z(score) + s z(stars), standardised over the person's own candidates; ties break by
    column. Own candidates share ranks 1..k among themselves; every other movie keeps its place after them, so
    ranks stay a permutation of the catalogue. Scores of the others go on downwards from the lowest mixture.

    Args:
        watch: The order by retrieval score.
        rating: `[n, c]` predicted stars.
        num_own: `[n]`, how many candidates the index found for the person; the movies of rank 1..num_own.
        star_share: s, 0 to 1.
    """
    listed = watch.rank > 0
    own = listed & (watch.rank <= num_own[:, np.newaxis])
    watch_score = standardise(np.where(listed, watch.score, 0), own)
    stars = standardise(np.where(own, rating, 0), own)
    mixture = (1 - star_share) * watch_score + star_share * stars
    below = _lowest(mixture, own) + (watch_score - _lowest(watch_score, own))
    score = np.where(own, mixture, np.where(listed, below, np.nan))
    return Order(score, np.where(own, _places(mixture, own), watch.rank))


def standardise(values: Floats, own: NDArray[np.bool_]) -> Floats:
    """Takes off the mean of the own values and divides by their standard deviation; 0 where all are alike.

    Args:
        values: `[..., c]`, all finite.
        own: `[..., c]`, which of them to standardise by.
    """
    count = np.maximum(own.sum(axis=-1, keepdims=True), 1)
    mean = np.where(own, values, 0).sum(axis=-1, keepdims=True) / count
    spread = np.sqrt((np.where(own, values - mean, 0) ** 2).sum(axis=-1, keepdims=True) / count)
    # float32 values that are all alike leave a spread of rounding errors, which must not be blown up to 1.
    alike = spread <= 1e-6 * np.abs(mean)
    return np.where(alike, 0, (values - mean) / np.where(alike, 1, spread))


def _lowest(values: Floats, own: NDArray[np.bool_]) -> Floats:
    lowest = np.where(own, values, np.inf).min(axis=1, keepdims=True, initial=np.inf)
    return np.where(own.any(axis=1, keepdims=True), lowest, 0)


def _places(score: Floats, own: NDArray[np.bool_]) -> Rows:
    """Numbers the own columns from 1 by falling score; ties by column."""
    order = np.argsort(np.where(own, -score, np.inf), axis=1, kind="stable")
    return (np.argsort(order, axis=1) + 1).astype(np.int32)
