"""People and what they rated, small enough to write down, or drawn by Hypothesis."""

import numpy as np
from hypothesis import strategies as st

from trainer.data.dataset import Dataset, Movie
from trainer.histories import Histories

GENRES = ("Comedy", "Drama", "War")
STARS = (1.0, 2.0, 3.0, 4.0, 5.0)

Entries = list[tuple[int, float]]


def histories_of(*lists: Entries) -> Histories:
    """One owner a list of (row, stars)."""
    entries = [entry for owned in lists for entry in owned]
    offsets = np.cumsum([0, *map(len, lists)], dtype=np.int64)
    rows, ratings = np.array(entries, np.float32).reshape(-1, 2).T
    return Histories(offsets, rows.astype(np.int32), ratings)


def dataset_of(*lists: Entries, num_movies: int) -> Dataset:
    """One person a list of (row, stars), rated in that order; movie i is of genre i modulo 3 and from 1980 + i."""
    user = np.repeat(np.arange(len(lists), dtype=np.int32), [len(owned) for owned in lists])
    rows, ratings = np.array([entry for owned in lists for entry in owned], np.float32).reshape(-1, 2).T
    movies = (Movie(str(i + 1), f"Movie {i}", 1980 + i, (GENRES[i % 3],)) for i in range(num_movies))
    return Dataset(
        name="tiny",
        license="Free to use in tests.",
        movies=tuple(movies),
        genres=GENRES,
        user_ids=np.array([str(i + 1) for i in range(len(lists))]),
        user=user,
        row=rows.astype(np.int32),
        rating=ratings,
        timestamp=np.arange(len(user), dtype=np.int64),
        rating_min=1.0,
        rating_max=5.0,
    )


def random_lists(num_people: int, num_movies: int, length: int, seed: int = 0) -> list[Entries]:
    """Random stars for `length` random movies a person."""
    random = np.random.default_rng(seed)
    return [
        [(int(row), float(random.integers(1, 6))) for row in random.choice(num_movies, length, replace=False)]
        for _ in range(num_people)
    ]


def lists_of_entries(num_movies: int = 8, max_people: int = 6) -> st.SearchStrategy[list[Entries]]:
    """Lists of (row, stars), no row twice in a list; some lists are empty."""
    owned = st.lists(
        st.tuples(st.integers(0, num_movies - 1), st.sampled_from(STARS)), max_size=num_movies, unique_by=lambda e: e[0]
    )
    return st.lists(owned, min_size=1, max_size=max_people)
