"""Embeddings of movies that nobody rated: what movies alike in genres and years have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy import sparse

# Ridge penalty, in movies. Source: docs/decisions.md, movies withheld from P1's train rows.
PENALTY = 1.0


def embed_unrated(candidates: np.ndarray, counts: np.ndarray, features: sparse.csr_matrix) -> np.ndarray:
    """Returns candidates [m, d] in which movies without a rating have the embedding that their features predict.

    A linear map, learned from the rated movies by ridge regression. Every one counts alike: were they weighted by their
    counts, what nobody rated would take places in lists as if it were well known. Movies of which no feature is known
    get the mean; where nothing is rated all stay as they are.

    Args:
        candidates: [m, d] float32 embeddings, of which those of unrated movies mean nothing.
        counts: [m] how many rated each movie.
        features: [m, f] what is known of them, such as genres and years.
    """
    unrated = counts == 0
    if not unrated.any() or unrated.all():
        return candidates
    known = np.column_stack((features.toarray(), np.ones(len(counts))))
    rated, learned_from = candidates[~unrated], known[~unrated]
    penalties = np.full(known.shape[1], PENALTY)
    penalties[-1] = 0.0  # of the constant
    weights = np.linalg.solve(learned_from.T @ learned_from + np.diag(penalties), learned_from.T @ rated)
    known[features.getnnz(axis=1) == 0] = learned_from.mean(axis=0)
    filled = candidates.copy()
    filled[unrated] = known[unrated] @ weights
    return filled
