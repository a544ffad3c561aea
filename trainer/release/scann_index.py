"""The retrieval index for very large catalogues: searched by TFRS `ScaNN`, behind the signatures of `MovieIndex`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.release.movie_index import PADDING_ROW, MovieIndex

if TYPE_CHECKING:
    import numpy as np

# How many movies are looked for, for each of the k that are listed: what is excluded is taken out of them.
SHORTLIST = 5
# Of the square root of m leaves a third is searched, and so many at least: all of them up to 4,000 movies.
FEWEST_LEAVES = 64


class ScannIndex(MovieIndex):
    """The signatures of `movie_index`, approximately: what a person's shortlist misses, their list misses.

    A shortlist is of one query alone, whatever it is searched together with; its scores are exact. Searched exactly are
    people of whom popularity is part, since that is not quantised well, and those whose shortlist does not hold a
    whole list when what is excluded is taken out. `rank_movies` and `similar_movies` are exact.

    Needs the package scann, here and wherever it is loaded. Built anew it is another index: the clusters of ScaNN
    begin at random, by no seed that could be set.
    """

    def __init__(self, candidates: np.ndarray, num_results: int, query_dim: int) -> None:
        """Indexes candidates as `MovieIndex` does; there are to be 1,000 at least, see `check_index`."""
        super().__init__(candidates, num_results, query_dim)
        self._size = min(SHORTLIST * self._num_results, self._num_movies)
        leaves = math.isqrt(self._num_movies)
        self._scann = tfrs.layers.factorized_top_k.ScaNN(
            k=self._size,
            num_leaves=leaves,
            num_leaves_to_search=min(leaves, max(FEWEST_LEAVES, leaves // 3)),
            parallelize_batch_searches=False,
        )
        self._scann.index(tf.constant(candidates[:, :-1]))

    def _search(self, query_embedding: tf.Tensor, excluded_row: tf.Tensor) -> dict[str, tf.Tensor]:
        rows, scores = self._shortlists(query_embedding, excluded_row)
        found = self._best(scores, rows)
        exact = tf.where(tf.reduce_all(rows < 0, axis=1))
        exactly = super()._search(tf.gather(query_embedding, exact[:, 0]), tf.gather(excluded_row, exact[:, 0]))
        return {name: tf.tensor_scatter_nd_update(found[name], exact, exactly[name]) for name in found}

    def _shortlists(self, query_embedding: tf.Tensor, excluded_row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns the rows and scores found and not excluded, [n, s], ascending by row, so that equal scores go by row.

        Anything else is padding; all of it is where a query is to be searched exactly.
        """
        shapes = tf.TensorSpec([self._size], tf.int32), tf.TensorSpec([self._size], tf.float32)
        rows, scores = tf.map_fn(self._shortlist, query_embedding[:, : self._dim], fn_output_signature=shapes)
        excluded = self._mask(excluded_row)
        listed = (rows >= 0) & ~tf.gather(excluded, tf.maximum(rows, 0), batch_dims=1)
        left = self._num_movies - tf.math.count_nonzero(excluded, axis=1, dtype=tf.int32)
        is_whole = tf.math.count_nonzero(listed, axis=1, dtype=tf.int32) >= tf.minimum(left, self._num_results)
        is_personal = query_embedding[:, self._dim - 1] == 0
        listed &= (is_whole & is_personal)[:, None]
        return tf.where(listed, rows, PADDING_ROW), tf.where(listed, scores, -math.inf)

    def _shortlist(self, query: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Searches for one query [c]: how many ScaNN finds for a batch, and what, depends on the others in it."""
        rows = tf.sort(self._scann(query[:-1])[1])
        scores = tf.linalg.matvec(tf.gather(self._candidates, rows), query)
        missing = [[0, self._size - tf.shape(rows)[0]]]
        return tf.pad(rows, missing, constant_values=PADDING_ROW), tf.pad(scores, missing)
