"""Leans on the movie's own mean where a history is too short to say much."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from trainer.histories import Histories
    from trainer.rating.fold_in import RatingEncoder

# How many further ratings of a person the movie's mean is worth. Source: docs/decisions.md, people held out of P1's
# train rows.
MEAN_WORTH = 3.0
# Ratings of the average kind that every movie is given before its own mean is taken.
MEAN_DAMPING = 5.0


def damped_means(histories: Histories, num_movies: int) -> np.ndarray:
    """Returns the mean stars of each movie [m], pulled towards the mean of all where few rated it."""
    overall = histories.ratings.mean(dtype=np.float64)
    totals = np.bincount(histories.rows, histories.ratings, minlength=num_movies)
    return (totals + MEAN_DAMPING * overall) / (histories.counts(num_movies) + MEAN_DAMPING)


class BlendedEncoder(tf.Module):
    """A rating encoder whose stars are w x the model's + (1 - w) x the movie's mean, w = n / (n + MEAN_WORTH).

    n is how many movies the person rated beyond the first, which alone tells the person's taste from their manner of
    rating no better than the mean does. The share 1 - w is one more number of the rating part, so that stars stay a
    dot product. Has `movie_offset` [m] and `movie_factors` [m, r + 1] as the encoder it is made of has.
    """

    def __init__(self, encoder: RatingEncoder, means: np.ndarray) -> None:
        """Takes a compressed encoder and the mean stars of each movie [m]."""
        super().__init__()
        self._encoder = encoder
        self._num_movies = len(means)
        self.movie_offset = encoder.movie_offset
        apart = (means - encoder.movie_offset).astype(np.float32)
        self.movie_factors = np.column_stack((encoder.movie_factors, apart))

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns rating parts [n, r + 1] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: not rated)."""
        rated = (rows >= 0) & (rows < self._num_movies) & ~tf.math.is_nan(ratings)
        count = tf.reduce_sum(tf.cast(rated, tf.float32), axis=1, keepdims=True)
        further = tf.maximum(count - 1.0, 0.0)
        share = further / (further + MEAN_WORTH)
        return tf.concat((share * self._encoder.encode(rows, ratings), 1.0 - share), axis=1)
