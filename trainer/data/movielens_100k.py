"""What MovieLens-100K says beside the ratings: u.item, and where they are there u.user and u.genre."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trainer.data.columns import read_columns, require, require_unique, whole_numbers
from trainer.data.titles import MAX_ID, Movies, numbered, titled

# Source: README of MovieLens-100K, u.genre; the order of the flags in u.item.
STANDARD_GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary"),
    *("Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller"),
    *("War", "Western"),
)


def read_movies(path: Path) -> Movies:
    """Reads u.item, and u.genre beside it where it is there; otherwise the genres are `STANDARD_GENRES`.

    Raises:
        DataError: A file is missing or malformed.
    """
    genres = _read_genres(path.with_name("u.genre"))
    fields = ("movie id", "movie title", "release date", "video release date", "IMDb URL")
    columns = read_columns(path, "|", (*fields, *(f"flag of genre {genre}" for genre in genres)))
    movie_id, title = columns[:2]
    movies, _ = titled(numbered(movie_id), title, None)
    flags = np.stack([whole_numbers(flag, 0, 1) for flag in columns[len(fields) :]], axis=1)
    return [replace(movie, genres=_flagged(genres, flag)) for movie, flag in zip(movies, flags, strict=True)], genres


def read_people(folder: Path) -> set[str] | None:
    """Checks u.user and returns the ids in it; None where it is not there.

    Raises:
        DataError: It is malformed.
    """
    path = folder / "u.user"
    if not _is_there(path):
        return None
    user_id, age, *_ = read_columns(path, "|", ("user id", "age", "gender", "occupation", "zip code"))
    numbers = whole_numbers(user_id, 1, MAX_ID)
    require_unique(user_id, numbers)
    whole_numbers(age, 0, 150)
    return {str(number) for number in numbers.tolist()}


def _read_genres(path: Path) -> tuple[str, ...]:
    if not _is_there(path):
        return STANDARD_GENRES
    name, index = read_columns(path, "|", ("genre", "genre index"))
    names = name.values.to_pylist()
    require(name, [bool(value.strip()) for value in names], "a name")
    require_unique(name, names)
    counted = np.arange(len(names))
    require(index, whole_numbers(index, 0, len(counted) - 1) == counted, "the number of the line, from 0")
    return tuple(names)


def _flagged(genres: tuple[str, ...], flags: NDArray[np.int64]) -> tuple[str, ...]:
    return tuple(genre for genre, flag in zip(genres, flags, strict=True) if flag)


def _is_there(path: Path) -> bool:
    # Path.exists raises where the folder may not be entered; the files that must be there say that better.
    return os.access(path, os.F_OK)
