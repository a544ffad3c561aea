"""Turns any history into the rating part of a query embedding, and movies into what it is multiplied with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.histories import Histories
    from trainer.rating.gibbs import Draw, GibbsSettings

# People folded in at once hold at most this many cells [n, h], each of draws x K float32.
MAX_CELLS = 1 << 13
# People, drawn at random, by whom the axes are chosen: all of very many would cost minutes.
MAX_PEOPLE = 10_000
# Rounds of solving for the person and for the noise of their ratings in turn; more change nothing measurable.
NOISE_ROUNDS = 3


class RatingEncoder(tf.Module):
    """Encodes histories as rating parts [n, r]; a movie's stars are its offset plus a dot product with its factors.

    Each draw gives the exact conditional mean of the person; the draws side by side are projected on the r axes that
    the predictions for known people vary along most.
    """

    def __init__(self, draws: Sequence[Draw], mean_rating: float, settings: GibbsSettings) -> None:
        """Stacks the draws; `compress` must be called before `encode`."""
        super().__init__()
        movies = np.stack([draw.movies for draw in draws], axis=1)  # [m, s, K]
        design = movies.copy()
        design[:, :, 0] = 1.0
        self._design = _constant(design)
        self._per_watched = _constant(np.stack([draw.per_watched for draw in draws], axis=1))
        self._residual_offset = _constant(mean_rating + movies[:, :, 0])
        self._mean = _constant(np.stack([draw.mean for draw in draws]))
        self._precision = _constant(np.stack([draw.precision for draw in draws]))
        self._noise_precision = _constant(np.array([draw.noise_precision for draw in draws]))
        self._settings = settings
        self._to_stars = design.reshape(len(design), -1) / len(draws)  # [m, s * K]
        self.movie_offset = (mean_rating + movies[:, :, 0].mean(axis=1)).astype(np.float32)
        self.movie_factors = np.zeros((len(movies), 0), np.float32)

    def compress(self, histories: Histories, size: int) -> None:
        """Chooses at most `size` axes by people in `histories` and sets `movie_factors` [m, r]."""
        chosen = np.random.default_rng(0).permutation(len(histories))[:MAX_PEOPLE]
        people = histories.of(np.sort(chosen)).encoded(self._full, MAX_CELLS)
        # The right singular vectors of people times stars, which are never held side by side.
        (_, of_people), (movies, of_stars) = np.linalg.qr(people), np.linalg.qr(self._to_stars)
        axes = np.linalg.svd(of_people @ of_stars.T, full_matrices=False)[2][:size] @ movies.T
        # Movies of size 1 leave parts of the size of stars: float32 holds those to 1e-5.
        scale = np.sqrt(len(self._to_stars))
        self.movie_factors = np.ascontiguousarray(axes.T * scale, np.float32)
        self._projection = _constant(self._to_stars.T @ axes.T / scale)

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns rating parts [n, r] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: not rated)."""
        return tf.matmul(self._full(rows, ratings), self._projection)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None], tf.float32)])
    def _full(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns the person under every draw, [n, s * K]."""
        watched = (rows >= 0) & (rows < self._design.shape[0])
        rated = tf.cast(watched & ~tf.math.is_nan(ratings), tf.float32)
        rows = tf.where(watched, rows, 0)
        design = tf.gather(self._design, rows) * rated[..., None, None]
        stars = tf.where(tf.math.is_nan(ratings), 0.0, ratings)
        residual = (stars[..., None] - tf.gather(self._residual_offset, rows)) * rated[..., None]
        expected = self._expected(rows, tf.cast(watched, tf.float32))
        people = self._conditional_mean(design, residual, expected, tf.reduce_sum(rated, axis=1))
        return tf.reshape(people, (-1, self._to_stars.shape[1]))

    def _expected(self, rows: tf.Tensor, watched: tf.Tensor) -> tf.Tensor:
        total = tf.einsum("nhsk,nh->nsk", tf.gather(self._per_watched, rows), watched)
        damped = tf.sqrt(tf.reduce_sum(watched, axis=1) + self._settings.history_damping)
        return self._mean + total / damped[:, None, None]

    def _conditional_mean(
        self, design: tf.Tensor, residual: tf.Tensor, expected: tf.Tensor, count: tf.Tensor
    ) -> tf.Tensor:
        """Returns [n, s, K]: mean of the person given their ratings, their noise estimated along with it."""
        normal = tf.einsum("nhsk,nhsl->nskl", design, design)
        right_hand_side = tf.einsum("nhsk,nhs->nsk", design, residual)
        squares = tf.reduce_sum(residual**2, axis=1)
        pull = tf.einsum("skl,nsl->nsk", self._precision, expected)
        shape = self._settings.noise_shape
        noise = tf.ones_like(squares)
        for _ in range(NOISE_ROUNDS):
            weight = (self._noise_precision * noise)[..., None]
            root = tf.linalg.cholesky(weight[..., None] * normal + self._precision)
            people = tf.linalg.cholesky_solve(root, (weight * right_hand_side + pull)[..., None])[..., 0]
            fitted = tf.einsum("nskl,nsl->nsk", normal, people) - 2.0 * right_hand_side
            unexplained = squares + tf.reduce_sum(people * fitted, axis=-1)
            noise = (shape + count[:, None]) / (shape + self._noise_precision * tf.maximum(unexplained, 0.0))
        return people


def _constant(values: np.ndarray) -> tf.Variable:
    return tf.Variable(values.astype(np.float32), trainable=False)
