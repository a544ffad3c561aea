"""A generated data set with known structure, in MovieLens-100K's format: no download, nobody's data."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.movielens_100k import STANDARD_GENRES
from trainer.data.placing import exclusive, filling

# The favourite genres of each group of people; no two groups share one.
TASTE_GROUPS = (
    ("Action", "Adventure", "Sci-Fi"),
    ("Drama", "Romance", "Musical"),
    ("Animation", "Children's", "Fantasy"),
    ("Horror", "Mystery", "Thriller"),
    ("Comedy", "Crime", "Film-Noir"),
    ("Documentary", "War", "Western"),
)
_GENRES = STANDARD_GENRES[1:]
_MIN_RATINGS = 20
_FIRST_TIMESTAMP = 880_000_000


def taste_group(user_id: str) -> int:
    """Names the group, an index into `TASTE_GROUPS`, whose taste a generated person has."""
    return (int(user_id) - 1) % len(TASTE_GROUPS)


def generate(folder: Path, *, seed: int = 37, num_users: int = 300, num_movies: int = 400) -> None:
    """Writes a set in which people of one taste group watch and like the same genres.

    What a person watches follows the movies' popularity (a long tail) and the group's taste; the stars are
    taste, plus the movie's quality, plus the person's own generosity, plus noise, rounded to 1 to 5. Everyone
    rates at least 20 movies. The same arguments write the same bytes; files of an earlier run are replaced.

    Args:
        folder: Receives u.data, u.item and u.user; made where it is missing.
        seed: Of all randomness.
        num_users: People, at least 1; ids from 1.
        num_movies: Movies, at least 40, so that everyone leaves half of them unseen; ids from 1.

    Raises:
        ValueError: Too few people or movies.
        DownloadError: The folder cannot be written.
    """
    if num_users < 1 or num_movies < 2 * _MIN_RATINGS:
        bounds = f"at least 1 and {2 * _MIN_RATINGS}"
        raise ValueError(f"num_users, num_movies are {num_users}, {num_movies}, allowed is {bounds}; ask for more")
    rng = np.random.default_rng(seed)
    flags = _draw_genres(rng, num_movies)
    files = {
        "u.item": _movie_lines(rng, flags),
        "u.user": [f"{user}|{rng.integers(18, 80)}|{'FM'[user % 2]}|other|00000" for user in _ids(num_users)],
        "u.data": _rating_lines(rng, flags, num_users),
    }
    with exclusive(folder), filling(folder) as lent:
        for name, lines in files.items():
            (lent / name).write_bytes("".join(f"{line}\n" for line in lines).encode("latin-1"))


def _ids(count: int) -> range:
    return range(1, count + 1)


def _draw_genres(rng: np.random.Generator, num_movies: int) -> NDArray[np.bool_]:
    """Gives every movie a main genre, in turn, and half of them another: [m, 18] bool."""
    flags = np.zeros((num_movies, len(_GENRES)), dtype=bool)
    movies = np.arange(num_movies)
    flags[movies, movies % len(_GENRES)] = True
    mixed = movies[rng.random(num_movies) < 0.5]
    flags[mixed, rng.integers(len(_GENRES), size=len(mixed))] = True
    return flags


def _movie_lines(rng: np.random.Generator, flags: NDArray[np.bool_]) -> list[str]:
    lines = []
    for index, flag in enumerate(flags):
        year = rng.integers(1950, 1999)
        title = f"Synthetic {_GENRES[index % len(_GENRES)]} {index // len(_GENRES) + 1} ({year})"
        known = "|".join(str(int(value)) for value in flag)
        lines.append(f"{index + 1}|{title}|01-Jan-{year}|||0|{known}")
    return lines


def _rating_lines(rng: np.random.Generator, flags: NDArray[np.bool_], num_users: int) -> list[str]:
    num_movies = len(flags)
    favourite = np.array([[genre in group for genre in _GENRES] for group in TASTE_GROUPS])
    # From -1 where no genre of the movie is a favourite of the group to 1 where all are: [groups, m].
    taste = 2 * (favourite @ flags.T.astype(float)) / flags.sum(axis=1) - 1
    popularity = -1.5 * np.log(rng.permutation(num_movies) + 20)
    quality = rng.normal(0, 0.4, num_movies)
    lines = []
    for user in _ids(num_users):
        liking = taste[taste_group(str(user))]
        count = min(_MIN_RATINGS + int(rng.exponential(40)), num_movies // 2)
        # The largest of log weight plus Gumbel noise: a draw without replacement.
        # Source: Kool et al. 2019, Stochastic Beams and Where to Find Them.
        watched = np.argsort(-(popularity + 2 * liking + rng.gumbel(size=num_movies)))[:count]
        stars = 3.3 + liking + quality + rng.normal(0, 0.3) + rng.normal(0, 0.5, num_movies)
        times = _FIRST_TIMESTAMP + rng.integers(10_000_000) + rng.integers(1, 600, count).cumsum()
        for movie, time in zip(watched, times, strict=True):
            lines.append(f"{user}\t{movie + 1}\t{int(np.clip(np.rint(stars[movie]), 1, 5))}\t{time}")
    return [lines[index] for index in rng.permutation(len(lines))]
