"""An item-to-item part beside the factors: EASE's matrix, reduced so that it is searched like any embedding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from trainer.metrics import people_in_batches

if TYPE_CHECKING:
    from trainer.histories import Histories

# The largest Gram matrix that is inverted: 300 MB, of which the inversion holds three copies more.
MAX_SIDE = 6_000
# People, drawn at random, whose scores the axes are chosen by: all of them would cost a larger decomposition.
MAX_PEOPLE = 2_000


@dataclass(frozen=True)
class ItemPart:
    """Scores `history @ to_query @ candidates.T`, for a history of 0s and 1s [m].

    Attributes:
        to_query: [m, r] float32; a person's item part is the sum over the movies of their history.
        candidates: [m, r] float32, the axes that matter most first.
    """

    to_query: np.ndarray
    candidates: np.ndarray

    @classmethod
    def none(cls, num_movies: int) -> ItemPart:
        """Returns a part of size 0, which adds nothing."""
        return cls(np.zeros((num_movies, 0), np.float32), np.zeros((num_movies, 0), np.float32))

    def taken(self, rank: int, weight: float) -> ItemPart:
        """Returns the part with its first `rank` axes only and its scores multiplied by `weight`."""
        return ItemPart(self.to_query[:, :rank] * np.float32(weight), self.candidates[:, :rank])


def watched_matrix(histories: Histories, num_movies: int) -> sparse.csr_matrix:
    """Returns [n, m] with 1 where a history has the movie."""
    ones = np.ones(len(histories.rows))
    return sparse.csr_matrix((ones, histories.rows, histories.offsets), shape=(len(histories), num_movies))


class Ease:
    """EASE: each movie predicted from all others by ridge regression; scores are histories times weights [m, m].

    With X who watched what, weights are I - P D, where P = (X'X + penalty I)^-1 and D makes their diagonal 0. Where
    people are fewer than movies, K = (XX' + penalty I)^-1 is inverted instead, and P = (I - X'KX) / penalty is
    multiplied with but never held.

    Source: Steck, "Embarrassingly Shallow Autoencoders for Sparse Data", 2019; Woodbury's identity.
    """

    @staticmethod
    def is_affordable(histories: Histories, num_movies: int) -> bool:
        """Returns whether people or movies are few enough to invert the Gram matrix of one of them."""
        return min(len(histories), num_movies) <= MAX_SIDE

    def __init__(self, histories: Histories, num_movies: int, penalty: float) -> None:
        """Fits to everything in `histories`."""
        self._watched, self._penalty = watched_matrix(histories, num_movies), penalty
        self._by_people = len(histories) < num_movies
        self._inverse = _inverse_gram(self._watched if self._by_people else self._watched.T.tocsr(), penalty)
        self._scale = 1.0 / self._diagonal()

    def scores(self, people: np.ndarray) -> np.ndarray:
        """Returns the score of every movie for each of `people` [n], [n, m] float64."""
        return self._watched[people].toarray() - self._times_inverse(people) * self._scale

    def scores_of_others(self, watched: np.ndarray) -> np.ndarray:
        """Returns the score of every movie [n, m] for people who were not fitted to, `watched` [n, m] 0s and 1s."""
        return watched - self._inverse_times(watched.T).T * self._scale

    def reduced(self, rank: int) -> ItemPart:
        """Returns the part of at most `rank` axes that comes closest to the scores of those fitted to."""
        people = np.random.default_rng(0).permutation(self._watched.shape[0])[:MAX_PEOPLE]
        scores = self.scores(np.sort(people))
        # The right singular vectors by way of the people's Gram matrix, which is the smaller one.
        squared, left = np.linalg.eigh(scores @ scores.T)
        strongest = np.argsort(-squared)[:rank]
        strongest = strongest[squared[strongest] > 1e-9 * squared.max()]
        candidates = scores.T @ left[:, strongest] / np.sqrt(squared[strongest])
        return ItemPart(self._weights_times(candidates).astype(np.float32), candidates.astype(np.float32))

    def _times_inverse(self, people: np.ndarray) -> np.ndarray:
        """Returns the rows of XP, [n, m]; by people they are those of KX."""
        if self._by_people:
            return self._inverse[people] @ self._watched
        return self._watched[people] @ self._inverse

    def _weights_times(self, vectors: np.ndarray) -> np.ndarray:
        return vectors - self._inverse_times(self._scale[:, None] * vectors)

    def _inverse_times(self, vectors: np.ndarray) -> np.ndarray:
        """Returns P times vectors [m, r]."""
        if not self._by_people:
            return self._inverse @ vectors
        explained = self._watched.T @ (self._inverse @ (self._watched @ vectors))
        return (vectors - explained) / self._penalty

    def _diagonal(self) -> np.ndarray:
        """Returns the diagonal of P, [m]."""
        if not self._by_people:
            return np.diag(self._inverse)
        explained = np.zeros(self._watched.shape[1])
        for people in people_in_batches(np.arange(self._watched.shape[0])):
            explained += self._watched[people].multiply(self._times_inverse(people)).sum(axis=0).A1
        return (1.0 - explained) / self._penalty


def _inverse_gram(rows: sparse.csr_matrix, penalty: float) -> np.ndarray:
    """Returns the inverse of rows times rows transposed, [s, s] float64, with the penalty on its diagonal."""
    gram = np.empty((rows.shape[0], rows.shape[0]))
    for some in people_in_batches(np.arange(rows.shape[0])):
        gram[some] = (rows[some] @ rows.T).toarray()
    gram.flat[:: len(gram) + 1] += penalty
    return np.linalg.inv(gram)
