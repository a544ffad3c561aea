"""The ranking head as it is served: stars a person would give, as a dot product."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from trainer.retrieval.ridge import RatingScale


class RankingHead(tf.Module):
    """The signature of `ranking_head`: offset of the movie plus rating part times the movie's factors."""

    def __init__(self, offset: np.ndarray, factors: np.ndarray, query_dim: int, scale: RatingScale) -> None:
        """Takes offsets [m] and factors [m, r]; the last r of a query [n, query_dim] are its rating part."""
        super().__init__()
        self._offset = tf.Variable(offset, trainable=False)
        self._factors = tf.Variable(factors, trainable=False)
        self._scale = scale
        queries = tf.TensorSpec([None, query_dim], tf.float32, "query_embedding")
        rows = tf.TensorSpec([None, None], tf.int32, "movie_row")
        self.serve = tf.function(self._serve, input_signature=[queries, rows])

    def _serve(self, query_embedding: tf.Tensor, movie_row: tf.Tensor) -> dict[str, tf.Tensor]:
        is_movie = (movie_row >= 0) & (movie_row < self._offset.shape[0])
        rows = tf.where(is_movie, movie_row, 0)
        rating_part = query_embedding[:, query_embedding.shape[1] - self._factors.shape[1] :]
        dot = tf.linalg.matvec(tf.gather(self._factors, rows), rating_part)
        stars = tf.clip_by_value(tf.gather(self._offset, rows) + dot, self._scale.lowest, self._scale.highest)
        return {"rating": tf.where(is_movie, stars, np.nan)}
