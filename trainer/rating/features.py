"""What is known of a person or a movie beside the stars: who watched what, genres, years."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.data.dataset import Dataset, Movie
    from trainer.histories import Histories

YEARS_A_BIN = 5


def watched(histories: Histories, num_rows: int, damping: float) -> sparse.csr_matrix:
    """Returns [n, num_rows] with 1 / sqrt(length + damping) where an owner's list has the row.

    Source: Koren, "Factorization Meets the Neighborhood", 2008 (SVD++), damped for short lists.
    """
    weights = 1.0 / np.sqrt(histories.lengths + damping)
    values = np.repeat(weights, histories.lengths)
    return sparse.csr_matrix((values, histories.rows, histories.offsets), shape=(len(histories), num_rows))


def genre_flags(dataset: Dataset) -> np.ndarray:
    """Returns [m, g] float32, 1 where a movie is of a genre."""
    flags = [[genre in movie.genres for genre in dataset.genres] for movie in dataset.movies]
    return np.array(flags, np.float32).reshape(len(flags), -1)


def genres_and_years(movies: Sequence[Movie], genres: Sequence[str]) -> sparse.csr_matrix:
    """Returns [m, genres + year bins]: unit-length genres, and the bin of five years the movie is from.

    A movie of unknown year is in no bin.
    """
    column = {genre: k for k, genre in enumerate(genres)}
    bins = sorted({movie.year // YEARS_A_BIN for movie in movies if movie.year})
    column_of_bin = {bin_: len(genres) + k for k, bin_ in enumerate(bins)}
    features = sparse.lil_matrix((len(movies), len(genres) + len(bins)))
    for row, movie in enumerate(movies):
        for genre in movie.genres:
            features[row, column[genre]] = 1.0 / np.sqrt(len(movie.genres))
        if movie.year:
            features[row, column_of_bin[movie.year // YEARS_A_BIN]] = 1.0
    return features.tocsr()
