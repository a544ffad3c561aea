"""The ranking head as it is served: stars a person would give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from trainer.retrieval.ridge import RatingScale


class Stars(Protocol):
    """What predicts stars for query embeddings; a `tf.Module` when exported."""

    num_movies: int

    def predict(self, query_embedding: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns stars [n, c] of queries [n, d] for rows [n, c], all of them movies; not clipped."""


class DotStars(tf.Module):
    """Stars as the offset of the movie plus the rating part of the query times the movie's factors."""

    def __init__(self, offset: np.ndarray, factors: np.ndarray) -> None:
        """Takes offsets [m] and factors [m, r]; the last r of a query are its rating part."""
        super().__init__()
        self.num_movies, self._size = factors.shape
        self._offset = tf.Variable(offset.astype(np.float32), trainable=False)
        self._factors = tf.Variable(factors.astype(np.float32), trainable=False)

    def predict(self, query_embedding: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns stars [n, c] of queries [n, d] for rows [n, c], all of them movies; not clipped."""
        rating_part = query_embedding[:, query_embedding.shape[1] - self._size :]
        return tf.gather(self._offset, rows) + tf.linalg.matvec(tf.gather(self._factors, rows), rating_part)


class RankingHead(tf.Module):
    """The signature of `ranking_head`: stars on the scale, NaN for padding."""

    def __init__(self, stars: Stars, query_dim: int, scale: RatingScale) -> None:
        """Takes what predicts stars for queries [n, query_dim]."""
        super().__init__()
        self._stars, self._scale = stars, scale
        queries = tf.TensorSpec([None, query_dim], tf.float32, "query_embedding")
        rows = tf.TensorSpec([None, None], tf.int32, "movie_row")
        self.serve = tf.function(self._serve, input_signature=[queries, rows])

    def _serve(self, query_embedding: tf.Tensor, movie_row: tf.Tensor) -> dict[str, tf.Tensor]:
        is_movie = (movie_row >= 0) & (movie_row < self._stars.num_movies)
        stars = self._stars.predict(query_embedding, tf.where(is_movie, movie_row, 0))
        on_scale = tf.clip_by_value(stars, self._scale.lowest, self._scale.highest)
        return {"rating": tf.where(is_movie, on_scale, np.nan)}
