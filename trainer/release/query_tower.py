"""The query tower as it is served: a known user, a history or tastes become one query embedding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.histories import Histories
    from trainer.release.tastes import TasteMap

# People encoded at once hold at most this many history cells.
MAX_CELLS = 1 << 13


class Encoder(Protocol):
    """What encodes histories for one of the two models; a `tf.Module` when exported."""

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns a part [n, any] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: watched, not rated)."""


class HistoryEncoder(tf.Module):
    """Encodes histories as query embeddings [n, d + 1 + r]: retrieval part, popularity coordinate, rating part."""

    def __init__(self, retrieval: Encoder, rating: Encoder, candidates: np.ndarray) -> None:
        """Joins the encoders of both models; takes the candidates [m, d]."""
        super().__init__()
        self._retrieval, self._rating = retrieval, rating
        self._num_movies, self.popularity_column = candidates.shape

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns embeddings of rows [n, h] (out of range: padding) and stars [n, h] (NaN: watched, not rated).

        The popularity coordinate is 1 for an empty history, whose retrieval part is 0, and 0 for all others.
        """
        is_movie = (rows >= 0) & (rows < self._num_movies)
        popularity = tf.cast(~tf.reduce_any(is_movie, axis=1, keepdims=True), tf.float32)
        retrieval = self._retrieval.encode(rows, ratings) * (1.0 - popularity)
        return tf.concat((retrieval, popularity, self._rating.encode(rows, ratings)), axis=1)

    def encode_all(self, histories: Histories) -> np.ndarray:
        """Returns the embedding of every owner, [n, d + 1 + r] float32."""
        return histories.encoded(self.encode, MAX_CELLS)


class QueryTower(tf.Module):
    """The signature of `query_tower`."""

    def __init__(self, encoder: HistoryEncoder, user_ids: Sequence[str], stored: np.ndarray, tastes: TasteMap) -> None:
        """Stores the embeddings [n, e] of known users beside the encoder."""
        super().__init__()
        self._encoder = encoder
        rows = tf.lookup.KeyValueTensorInitializer(list(user_ids), np.arange(len(user_ids), dtype=np.int64))
        self._user_row = tf.lookup.StaticHashTable(rows, -1)
        self._stored = tf.Variable(stored, trainable=False)
        self._tastes = tastes
        self.serve = tf.function(self._serve, input_signature=self._inputs(tastes.num_genres))

    def _inputs(self, num_genres: int) -> list[tf.TensorSpec]:
        return [
            tf.TensorSpec([None], tf.string, "user_id"),
            tf.TensorSpec([None, None], tf.int32, "history_row"),
            tf.TensorSpec([None, None], tf.float32, "history_rating"),
            tf.TensorSpec([None, num_genres], tf.float32, "genre_rating"),
        ]

    def _serve(
        self, user_id: tf.Tensor, history_row: tf.Tensor, history_rating: tf.Tensor, genre_rating: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """A history wins over what is stored, what is stored over tastes; nothing at all is an empty history."""
        row = self._user_row.lookup(user_id)
        is_stored = row >= 0
        encoded = self._encoder.encode(history_row, history_rating)
        has_history = encoded[:, self._encoder.popularity_column] == 0.0
        has_tastes = tf.reduce_any(~tf.math.is_nan(genre_rating), axis=1)
        stored = tf.gather(self._stored, tf.maximum(row, 0))
        by_taste = encoded
        if self._tastes.num_genres:  # oneDNN ends the process on products over nothing.
            by_taste = tf.where(has_tastes[:, None], self._tastes.encode(genre_rating), encoded)
        known = tf.where(is_stored[:, None], stored, by_taste)
        return {
            "query_embedding": tf.where(has_history[:, None], encoded, known),
            "known": has_history | is_stored | has_tastes,
        }
