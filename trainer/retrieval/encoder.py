"""The retrieval model as it is served: histories and movies as vectors whose dot product is the score."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from trainer.retrieval.ridge import Ridge, gram
from trainer.retrieval.unrated import embed_unrated

if TYPE_CHECKING:
    from scipy import sparse

    from trainer.retrieval.item_to_item import ItemPart


class RetrievalEncoder(tf.Module):
    """Encodes histories [n, d + r]: the ridge solution beside the item-to-item part.

    Attributes:
        candidates: [m, d + r] float32 candidate embeddings.
    """

    def __init__(self, factors: np.ndarray, ridge: Ridge, item: ItemPart) -> None:
        """Takes factors of the movies [m, d] float32, and the item part [m, r], whose r may be 0."""
        super().__init__()
        self._parts = factors, ridge, item
        self.candidates = np.column_stack((factors, item.candidates))
        self._factors = tf.Variable(factors, trainable=False)
        self._gram = tf.Variable(gram(factors), trainable=False)
        self._item = tf.Variable(item.to_query, trainable=False)
        self._ridge = ridge

    def joined(self, item: ItemPart) -> RetrievalEncoder:
        """Returns the same with an item part in place of its own."""
        factors, ridge, _ = self._parts
        return RetrievalEncoder(factors, ridge, item)

    def with_unrated(self, counts: np.ndarray, features: sparse.csr_matrix) -> RetrievalEncoder:
        """Returns the same with embeddings for movies of count 0; see `embed_unrated`.

        People are encoded as before; what has no rating is in no known history, but may be in a guest's.
        """
        encoder = RetrievalEncoder(*self._parts)
        encoder.candidates = embed_unrated(self.candidates, counts, features)
        encoder._factors.assign(encoder.candidates[:, : self._factors.shape[1]])
        return encoder

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns embeddings of rows [n, h] (out of range: padding) and stars [n, h] (NaN: watched, not rated)."""
        solved = self._ridge.encode(self._factors, self._gram, rows, ratings)
        is_movie = (rows >= 0) & (rows < self._item.shape[0])
        watched = tf.cast(is_movie, tf.float32)[..., None]
        item = tf.reduce_sum(tf.gather(self._item, tf.where(is_movie, rows, 0)) * watched, axis=1)
        return tf.concat((solved, item), axis=1)
