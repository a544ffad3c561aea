"""What a release must beat beside EASE: popularity for lists, a bias model for stars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.histories import Histories


def popularity(histories: Histories, num_movies: int) -> Callable[[np.ndarray], np.ndarray]:
    """Returns a function from people [n] to scores [n, m]: how many rated each movie, the same for everyone."""
    counts = histories.counts(num_movies).astype(np.float32)
    return lambda people: np.broadcast_to(counts, (len(people), num_movies))


class BiasModel:
    """Stars as the mean plus what each movie and each person are above it, both shrunk towards 0.

    Source: Koren, "Factor in the Neighbors", 2010, section 2.1; fitted by alternating least squares.
    """

    def __init__(self, histories: Histories, num_movies: int, damping: tuple[float, float] = (10.0, 15.0)) -> None:
        """Fits to every entry of `histories`; `damping` is the pseudo-count for movies and for people."""
        self._mean = float(histories.ratings.mean(dtype=np.float64))
        self._movies, self._people = np.zeros(num_movies), np.zeros(len(histories))
        centred = histories.ratings - self._mean
        for _ in range(5):
            above_person = centred - self._people[histories.owners]
            self._movies = _shrunk_means(above_person, histories.rows, num_movies, damping[0])
            above_movie = centred - self._movies[histories.rows]
            self._people = _shrunk_means(above_movie, histories.owners, len(histories), damping[1])

    def predict(self, people: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Returns the stars each of `people` [n] would give the movie beside them in `rows` [n], not clipped."""
        return self._mean + self._people[people] + self._movies[rows]


def _shrunk_means(values: np.ndarray, group: np.ndarray, num_groups: int, damping: float) -> np.ndarray:
    totals = np.bincount(group, values, minlength=num_groups)
    return totals / (np.bincount(group, minlength=num_groups) + damping)
