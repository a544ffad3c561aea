"""The retrieval index as it is served: the best movies for query embeddings, and the ranks of given ones."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

PADDING_ROW = -1


class MovieIndex(tf.Module):
    """The signatures of `movie_index`: exact search by TFRS `BruteForce`, exclusions masked inside.

    Our own masking, since `query_with_exclusions` needs a static width, fails when k and exclusions outgrow the
    catalogue, and returns excluded movies with ordinary scores when candidates run out.
    """

    def __init__(self, candidates: np.ndarray, num_results: int, query_dim: int) -> None:
        """Indexes candidates [m, c] float32; queries are [n, query_dim], of which the first c are searched with."""
        super().__init__()
        self._num_movies, self._dim = candidates.shape
        self._num_results = min(num_results, self._num_movies)
        self._candidates = tf.Variable(candidates, trainable=False)
        self._directions = tf.Variable(tf.math.l2_normalize(candidates[:, :-1], axis=1), trainable=False)
        self._index = tfrs.layers.factorized_top_k.BruteForce(k=self._num_results)
        self._index.index(tf.constant(candidates), tf.range(self._num_movies))
        queries = tf.TensorSpec([None, query_dim], tf.float32, "query_embedding")
        excluded = tf.TensorSpec([None, None], tf.int32, "excluded_row")
        rows = tf.TensorSpec([None, None], tf.int32, "movie_row")
        self.search = tf.function(self._search, input_signature=[queries, excluded])
        self.rank_movies = tf.function(self._rank_movies, input_signature=[queries, excluded, rows])
        self.similar_movies = tf.function(
            self._similar_movies, input_signature=[tf.TensorSpec([None], tf.int32, "movie_row")]
        )

    def _search(self, query_embedding: tf.Tensor, excluded_row: tf.Tensor) -> dict[str, tf.Tensor]:
        """Looks far enough down the list that enough is left when all excluded movies are taken out."""
        depth = tf.minimum(self._num_results + tf.shape(excluded_row)[1], self._num_movies)
        scores, rows = self._index(query_embedding[:, : self._dim], k=depth)
        excluded = tf.gather(self._mask(excluded_row), rows, batch_dims=1)
        return self._best(tf.where(excluded, -np.inf, scores), rows)

    def _rank_movies(
        self, query_embedding: tf.Tensor, excluded_row: tf.Tensor, movie_row: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Ranks every movie, as `_search` would list it, and looks up those asked about."""
        scores = tf.matmul(query_embedding[:, : self._dim], self._candidates, transpose_b=True)
        excluded = self._mask(excluded_row)
        is_movie = self._is_movie(movie_row)
        rows = tf.where(is_movie, movie_row, 0)
        rank = tf.gather(self._ranks(tf.where(excluded, -np.inf, scores)), rows, batch_dims=1)
        ranked = is_movie & ~tf.gather(excluded, rows, batch_dims=1)
        score = tf.gather(scores, rows, batch_dims=1)
        return {"score": tf.where(is_movie, score, np.nan), "rank": tf.where(ranked, rank, 0)}

    def _ranks(self, scores: tf.Tensor) -> tf.Tensor:
        """Returns the place from 1 of every movie by falling score [n, m]; equal scores go by row, as in `top_k`."""
        best_first = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
        query = tf.repeat(tf.range(tf.shape(scores)[0]), self._num_movies)
        places = tf.tile(tf.range(1, self._num_movies + 1), tf.shape(scores)[:1])
        return tf.scatter_nd(tf.stack((query, tf.reshape(best_first, [-1])), axis=1), places, tf.shape(scores))

    def _similar_movies(self, movie_row: tf.Tensor) -> dict[str, tf.Tensor]:
        is_movie = self._is_movie(movie_row)
        directions = tf.gather(self._directions, tf.where(is_movie, movie_row, 0))
        cosines = tf.matmul(directions, self._directions, transpose_b=True)
        hidden = self._mask(movie_row[:, None]) | ~is_movie[:, None]
        rows = tf.broadcast_to(tf.range(self._num_movies), tf.shape(cosines))
        return self._best(tf.where(hidden, -np.inf, cosines), rows)

    def _best(self, scores: tf.Tensor, rows: tf.Tensor) -> dict[str, tf.Tensor]:
        best, position = tf.math.top_k(scores, k=self._num_results)
        found = tf.gather(rows, position, batch_dims=1)
        return {"movie_row": tf.where(tf.math.is_inf(best), PADDING_ROW, found), "score": best}

    def _is_movie(self, rows: tf.Tensor) -> tf.Tensor:
        return (rows >= 0) & (rows < self._num_movies)

    def _mask(self, rows: tf.Tensor) -> tf.Tensor:
        """Returns [n, m] bool, true for the rows [n, e] of each query; padding falls into a column that is cut off."""
        count = tf.shape(rows)[0]
        query = tf.repeat(tf.range(count), tf.shape(rows)[1])
        column = tf.reshape(tf.where(self._is_movie(rows), rows, self._num_movies), [-1])
        empty = tf.zeros((count, self._num_movies + 1), tf.bool)
        marked = tf.tensor_scatter_nd_update(empty, tf.stack((query, column), 1), tf.ones_like(column, tf.bool))
        return marked[:, : self._num_movies]
