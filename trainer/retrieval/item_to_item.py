"""An item-to-item part beside the factors: EASE's matrix, reduced so that it is searched like any embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from trainer.histories import Histories

# Beyond this, inverting the catalogue's Gram matrix takes minutes and gigabytes.
MAX_MOVIES = 8_000
# People whose scores the axes are chosen by; more change the axes little and cost a larger decomposition.
MAX_PEOPLE = 2_000


@dataclass(frozen=True)
class ItemPart:
    """Scores `weight * history @ to_query @ candidates.T`, for a history of 0s and 1s [m].

    Attributes:
        to_query: [m, r] float32; a person's item part is the sum over the movies of their history.
        candidates: [m, r] float32.
    """

    to_query: np.ndarray
    candidates: np.ndarray

    @classmethod
    def none(cls, num_movies: int) -> ItemPart:
        """Returns a part of size 0, which adds nothing."""
        return cls(np.zeros((num_movies, 0), np.float32), np.zeros((num_movies, 0), np.float32))

    def scaled(self, weight: float) -> ItemPart:
        """Returns the part with its scores multiplied by `weight`."""
        return ItemPart(self.to_query * np.float32(weight), self.candidates)


def watched_matrix(histories: Histories, num_movies: int) -> sparse.csr_matrix:
    """Returns [n, m] with 1 where a history has the movie."""
    ones = np.ones(len(histories.rows))
    return sparse.csr_matrix((ones, histories.rows, histories.offsets), shape=(len(histories), num_movies))


def ease(histories: Histories, num_movies: int, penalty: float) -> np.ndarray:
    """Returns EASE's weights [m, m] float64, zero on the diagonal: scores are histories times weights.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019.
    """
    watched = watched_matrix(histories, num_movies)
    inverse = np.linalg.inv((watched.T @ watched).toarray() + penalty * np.eye(num_movies))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def reduce(weights: np.ndarray, histories: Histories, rank: int) -> ItemPart:
    """Returns the part of `rank` that comes closest to the weights' scores for the people of `histories`."""
    scores = watched_matrix(histories, len(weights))[:MAX_PEOPLE] @ weights
    # The right singular vectors by way of the people's Gram matrix, which is the smaller one.
    squared, left = np.linalg.eigh(scores @ scores.T)
    strongest = np.argsort(-squared)[:rank]
    strongest = strongest[squared[strongest] > 1e-9 * squared.max()]
    candidates = scores.T @ left[:, strongest] / np.sqrt(squared[strongest])
    return ItemPart((weights @ candidates).astype(np.float32), candidates.astype(np.float32))
