"""Solves for an embedding from a history: the one formula of sweeps, fine-tuning and the served query tower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class RidgeSettings:
    """How a history becomes an embedding.

    Attributes:
        dim: Size d of the embeddings.
        unobserved_weight: Weight of the pull towards 0 for every movie of the catalogue, watched or not.
        regularization: L2 penalty, for each entry of a history and each unobserved weight.
        targets: Scores to reach for watched movies, at evenly spaced stars from the lowest of the scale to the
            highest, linear between; watched without a rating counts as the middle one.
    """

    dim: int = 64
    unobserved_weight: float = 0.2
    regularization: float = 0.02
    targets: tuple[float, ...] = (0.8, 0.9, 1.0, 1.05, 1.1)


@dataclass(frozen=True)
class RatingScale:
    """The lowest and the highest number of stars that the data gives."""

    lowest: float
    highest: float

    @property
    def star(self) -> float:
        """How much one star of 1 to 5 is on this scale, so that what is learned does not depend on the unit."""
        return (self.highest - self.lowest) / 4

    def of_five(self, stars: np.ndarray) -> np.ndarray:
        """Returns stars of this scale as stars from 1 to 5."""
        return (stars - self.lowest) / self.star + 1


@dataclass(frozen=True)
class Ridge:
    """Solves for the embeddings that score watched movies closest to their targets and all others closest to 0.

    Source: Hu, Koren, Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", 2008; Rendle et al.,
    "Revisiting the Performance of iALS on Item Recommendation Benchmarks", 2021 (penalty scaled by frequency, nu = 1).
    """

    settings: RidgeSettings
    scale: RatingScale

    def encode(self, candidates: tf.Tensor, gram: tf.Tensor, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns the embeddings of histories, [n, d] float32; 0 for an empty one.

        Args:
            candidates: [m, d] what histories are lists of.
            gram: [d, d] of the candidates; see `gram`.
            rows: [n, h] int32; out of range is padding.
            ratings: [n, h] stars; NaN: watched, not rated.
        """
        is_candidate = (rows >= 0) & (rows < tf.shape(candidates)[0])
        weight = tf.cast(is_candidate, tf.float32)
        watched = tf.gather(candidates, tf.where(is_candidate, rows, 0)) * weight[..., None]
        num_candidates = tf.cast(tf.shape(candidates)[0], tf.float32)
        penalty = self._penalty(gram, tf.reduce_sum(weight, axis=1), num_candidates)
        normal = penalty + tf.matmul(watched, watched, transpose_a=True)
        right_hand_side = tf.matmul(watched, self.targets(ratings)[..., None], transpose_a=True)
        return tf.linalg.cholesky_solve(tf.linalg.cholesky(normal), right_hand_side)[..., 0]

    def targets(self, ratings: tf.Tensor) -> tf.Tensor:
        """Returns the score each watched movie should reach; same shape as `ratings`, in stars (NaN: not rated)."""
        scale, steps = self.scale, len(self.settings.targets) - 1
        stars = tf.where(tf.math.is_nan(ratings), (scale.lowest + scale.highest) / 2, ratings)
        position = tf.clip_by_value((stars - scale.lowest) / (scale.highest - scale.lowest) * steps, 0.0, steps)
        below = tf.minimum(tf.cast(position, tf.int32), steps - 1)
        share = position - tf.cast(below, tf.float32)
        knots = tf.constant(self.settings.targets)
        return (1.0 - share) * tf.gather(knots, below) + share * tf.gather(knots, below + 1)

    def _penalty(self, gram: tf.Tensor, history_lengths: tf.Tensor, num_candidates: tf.Tensor) -> tf.Tensor:
        """Returns the quadratic form [n, d, d] that everything but the watched movies adds."""
        settings = self.settings
        scaled = settings.regularization * (history_lengths + settings.unobserved_weight * num_candidates)
        return settings.unobserved_weight * gram + scaled[:, None, None] * tf.eye(settings.dim)


def gram(candidates: tf.Tensor) -> tf.Tensor:
    """Returns the [d, d] sum of outer products of the candidates [m, d]: what every solve pulls towards 0."""
    return tf.matmul(candidates, candidates, transpose_a=True)
