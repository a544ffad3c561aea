"""Candidate embeddings in closed form: alternating least squares over everybody's history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from trainer.retrieval.ridge import Ridge, gram

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.histories import Histories

# Padded cells a solve works on at once: 64 d of float32 make 16 MB of it.
MAX_CELLS = 1 << 16


def fit_candidates(histories: Histories, num_movies: int, ridge: Ridge, sweeps: int, seed: int) -> np.ndarray:
    """Returns candidate embeddings [num_movies, d] float32.

    Each sweep solves for all people given the movies, then for all movies given the people.
    Source: objective of Rendle et al., "iALS++", 2021; solved exactly instead of by blocks.
    """
    dim = ridge.settings.dim
    movies = np.random.default_rng(seed).normal(0.0, 0.1 / np.sqrt(dim), (num_movies, dim)).astype(np.float32)
    audiences = histories.transposed(num_movies)
    half_sweep = _half_sweep(ridge)
    for _ in range(sweeps):
        people = half_sweep(movies, histories)
        movies = half_sweep(people, audiences)
    return movies


def _half_sweep(ridge: Ridge) -> Callable[[np.ndarray, Histories], np.ndarray]:
    """Returns a function from embeddings of rows [m, d] and lists of them to the embeddings of their owners [n, d]."""
    dim = ridge.settings.dim
    signature = [
        tf.TensorSpec([None, dim]),
        tf.TensorSpec([dim, dim]),
        tf.TensorSpec([None, None], tf.int32),
        tf.TensorSpec([None, None]),
    ]
    encode = tf.function(ridge.encode, input_signature=signature)

    def solve(others: np.ndarray, lists: Histories) -> np.ndarray:
        candidates = tf.constant(others)
        gram_matrix = gram(candidates)
        return lists.encoded(
            lambda rows, ratings: encode(candidates, gram_matrix, tf.constant(rows), tf.constant(ratings)), MAX_CELLS
        )

    return solve
