"""Reads CAMRa2011: people who live together, what each of them rated, and what their household chose."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from trainer.data import Dataset, Movie
from trainer.data.columns import Column, read_columns, require, require_unique, whole_numbers

if TYPE_CHECKING:
    from pathlib import Path

LICENSE = (
    "CAMRa 2011 by Moviepilot for the Challenge on Context-aware Movie Recommendation, RecSys 2011: for research; "
    "its terms beyond that are not known."
)
# Ratings are 0 to 100 in the files, 0 to 5 here.
POINTS_A_STAR = 20.0
NUM_NEGATIVES = 100
_MAX_ID, _MAX_POINTS = 10**6, 100


@dataclass(frozen=True)
class Households:
    """CAMRa2011.

    Attributes:
        people: What people rated, in stars; a movie's row is its number in the files, and there are no times.
        members: The people of each household, as places in `people.user_ids`; nobody is in two.
        household: [n] whose test choice each line of `rows` is, as a place in `members`.
        rows: [n, 1 + NUM_NEGATIVES] the chosen movie, then others.
    """

    people: Dataset
    members: tuple[np.ndarray, ...]
    household: np.ndarray
    rows: np.ndarray


def load_households(folder: Path) -> Households:
    """Reads a folder with userRatingTrain.txt, groupMember.txt and groupRatingNegative.txt.

    Raises:
        DataError: A file is missing or malformed; names file, line, field, value and what is allowed.
    """
    owner, movie, points = read_columns(folder / "userRatingTrain.txt", " ", ("id", "movie", "rating"))
    user_ids, user = np.unique(whole_numbers(owner, 0, _MAX_ID), return_inverse=True)
    row, stars = whole_numbers(movie, 0, _MAX_ID), whole_numbers(points, 0, _MAX_POINTS) / POINTS_A_STAR
    numbers, members = _read_members(folder / "groupMember.txt", user_ids)
    household, rows = _read_choices(folder / "groupRatingNegative.txt", numbers)
    num_movies = 1 + int(max(row.max(), rows.max()))
    people = Dataset(
        name="camra2011",
        license=LICENSE,
        movies=tuple(Movie(str(number), f"Movie {number}", 0, ("unknown",)) for number in range(num_movies)),
        genres=("unknown",),
        user_ids=user_ids.astype(np.str_),
        user=user.astype(np.int32),
        row=row.astype(np.int32),
        rating=stars.astype(np.float32),
        timestamp=np.zeros(len(user), np.int64),
        rating_min=0.0,
        rating_max=_MAX_POINTS / POINTS_A_STAR,
    )
    return Households(people, members, household, rows)


def _read_members(path: Path, user_ids: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Returns the households' numbers, [h], and the members of each, as places in `user_ids`."""
    household, listed = read_columns(path, " ", ("household", "members"))
    numbers = whole_numbers(household, 0, _MAX_ID)
    require_unique(household, numbers)
    split = [text.split(",") for text in listed.values.to_pylist()]
    known = set(user_ids.astype(str).tolist())
    require(listed, [known.issuperset(names) for names in split], "people of userRatingTrain.txt, separated by commas")
    homes = Counter(name for names in split for name in names)
    require(listed, [all(homes[name] == 1 for name in names) for names in split], "people listed once in the file")
    return numbers, tuple(np.searchsorted(user_ids, [int(name) for name in names]) for names in split)


def _read_choices(path: Path, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns each line's household, as a place in `numbers`, [n], and its movies, the chosen one first, [n, c]."""
    line, *others = read_columns(path, " ", ("household and movie", *["other movie"] * NUM_NEGATIVES))
    places = {str(number): place for place, number in enumerate(numbers)}
    split = [text.removeprefix("(").removesuffix(")").split(",") for text in line.values.to_pylist()]
    fits = [len(both) == 2 and both[0] in places for both in split]
    require(line, fits, "(household,movie), the household one of groupMember.txt")
    chosen = Column(line.path, "movie", pa.array([movie for _, movie in split]))
    movies = [whole_numbers(column, 0, _MAX_ID) for column in (chosen, *others)]
    return np.array([places[number] for number, _ in split]), np.column_stack(movies)
