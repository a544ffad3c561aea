"""What towers of ids are served by: stand-ins for people without an id, and heads for stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from trainer.rating.blend import damped_means

if TYPE_CHECKING:
    from trainer.histories import Histories
    from trainer.retrieval.ridge import RatingScale
    from trainer.towers.layers import Layers

# People encoded at once hold at most this many history cells.
MAX_CELLS = 1 << 14
# Ridge penalty of a learned encoder, as a share of the mean square of what it reads.
PENALTY = 0.01
# Ratings without a deviation from the usual that everyone is given.
DEVIATION_DAMPING = 5.0


class LearnedEncoder(tf.Module):
    """Encodes histories close to what the tower learned for known people's ids, which no tower of ids can do itself.

    A linear map, by ridge regression over known people, from the movies' embeddings summed over a history, once plain
    and once times the stars above the movie's mean. An empty history is the average person.
    """

    def __init__(self, movies: np.ndarray, people: np.ndarray, histories: Histories) -> None:
        """Takes embeddings of movies [m, d] and people [n, e], and the people's histories."""
        super().__init__()
        self._movies = tf.Variable(movies, trainable=False)
        self._means = tf.constant(damped_means(histories, len(movies)), tf.float32)
        known = histories.lengths > 0
        read, learned = histories.encoded(self._read, MAX_CELLS)[known].astype(float), people[known]
        penalty = PENALTY * (read**2).mean(axis=0) * len(read) + 1e-6
        weights = np.linalg.solve(read.T @ read + np.diag(penalty), read.T @ learned)
        self._weights = tf.constant(weights, tf.float32)
        self._average = tf.constant(learned.mean(axis=0), tf.float32)

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns embeddings [n, e] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: not rated)."""
        read = self._read(rows, ratings)
        return tf.where(read[:, -1:] > 0, tf.matmul(read, self._weights), self._average)

    def _read(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns [n, 2 d + 2]; the last column is 0 for an empty history alone."""
        is_movie = (rows >= 0) & (rows < self._movies.shape[0])
        rows = tf.where(is_movie, rows, 0)
        above = tf.where(is_movie & ~tf.math.is_nan(ratings), ratings - tf.gather(self._means, rows), 0.0)
        watched = tf.cast(is_movie, tf.float32)
        movies = tf.gather(self._movies, rows)
        count = tf.reduce_sum(watched, axis=1, keepdims=True)
        sums = [tf.einsum("nh,nhd->nd", weights, movies) / tf.sqrt(count + 1.0) for weights in (watched, above)]
        return tf.concat((*sums, tf.cast(count > 0, tf.float32) * tf.math.log1p(count), tf.sign(count)), axis=1)


class DeviationEncoder(tf.Module):
    """Encodes histories as one number: how many stars above the movies' means someone rates, shrunk towards 0."""

    def __init__(self, means: np.ndarray) -> None:
        """Takes the movies' mean stars [m]."""
        super().__init__()
        self._means = tf.Variable(means.astype(np.float32), trainable=False)

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns [n, 1] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: not rated)."""
        is_rated = (rows >= 0) & (rows < self._means.shape[0]) & ~tf.math.is_nan(ratings)
        above = tf.where(is_rated, ratings - tf.gather(self._means, tf.where(is_rated, rows, 0)), 0.0)
        count = tf.reduce_sum(tf.cast(is_rated, tf.float32), axis=1, keepdims=True)
        return tf.reduce_sum(above, axis=1, keepdims=True) / (count + DEVIATION_DAMPING)


class HeadStars(tf.Module):
    """Stars by a rating head's layers on the rating part of a query and the movie's embedding, side by side."""

    def __init__(self, head: Layers, movies: np.ndarray, scale: RatingScale) -> None:
        """Takes a head whose stars are from 1 to 5, embeddings of the movies [m, d], and the scale of what it returns.

        The last d of a query are its rating part.
        """
        super().__init__()
        self._star, self._zero = scale.star, scale.lowest - scale.star
        self.num_movies, self._size = movies.shape
        self._head, self._movies = head, tf.Variable(movies, trainable=False)

    def predict(self, query_embedding: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns stars [n, c] of queries [n, d] for rows [n, c], all of them movies; not clipped."""
        movies = tf.gather(self._movies, rows)
        people = query_embedding[:, tf.newaxis, query_embedding.shape[1] - self._size :]
        of_five = self._head(tf.concat((tf.broadcast_to(people, tf.shape(movies)), movies), axis=2))[:, :, 0]
        return self._star * of_five + self._zero
