"""Reads CAMRa2011: people who live together, what each of them rated, and what their household chose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

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
_RATING_FIELDS = ("id", "movie", "rating")


@dataclass(frozen=True)
class Choices:
    """What households chose, and what else was to be had.

    Attributes:
        household: [n] place among the households.
        rows: [n, 1 + NUM_NEGATIVES] the chosen movie, then others.
    """

    household: np.ndarray
    rows: np.ndarray


@dataclass(frozen=True)
class Households:
    """CAMRa2011.

    Attributes:
        people: What people rated, in stars; a movie's row is its number in the files, and there are no times.
        members: The people of each household, as places in `people.user_ids`.
        household: [n] whose choice each training row is; `row` [n] is the movie chosen.
        row: See `household`.
        test: The test choices.
    """

    people: Dataset
    members: tuple[np.ndarray, ...]
    household: np.ndarray
    row: np.ndarray
    test: Choices


def load_households(folder: Path) -> Households:
    """Reads a folder with groupMember.txt, userRatingTrain.txt, and groupRatingTrain, -Test and -Negative.txt.

    Raises:
        DataError: A file is missing or malformed; names file, line, field, value and what is allowed.
    """
    person, movie, points = _read_ratings(folder / "userRatingTrain.txt")
    user_ids, user = np.unique(person, return_inverse=True)
    households, members = _read_members(folder / "groupMember.txt", user_ids)
    train = _read_choices(folder / "groupRatingTrain.txt", households)
    test = _read_choices(folder / "groupRatingTest.txt", households)
    negatives = _read_negatives(folder / "groupRatingNegative.txt", households[test[0]], test[1])
    num_movies = 1 + max(int(rows.max()) for rows in (movie, train[1], test[1], negatives))
    people = Dataset(
        name="camra2011",
        license=LICENSE,
        movies=tuple(Movie(str(number), f"Movie {number}", 0, ("unknown",)) for number in range(num_movies)),
        genres=("unknown",),
        user_ids=user_ids.astype(np.str_),
        user=user.astype(np.int32),
        row=movie.astype(np.int32),
        rating=(points / POINTS_A_STAR).astype(np.float32),
        timestamp=np.zeros(len(user), np.int64),
        rating_min=0.0,
        rating_max=_MAX_POINTS / POINTS_A_STAR,
    )
    return Households(people, members, *train, Choices(test[0], np.column_stack((test[1], negatives))))


def _read_ratings(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    owner, movie, points = read_columns(path, " ", _RATING_FIELDS)
    return whole_numbers(owner, 0, _MAX_ID), whole_numbers(movie, 0, _MAX_ID), whole_numbers(points, 0, _MAX_POINTS)


def _read_members(path: Path, user_ids: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Returns the households' numbers, [h], and the members of each, as places in `user_ids`."""
    household, listed = read_columns(path, " ", ("household", "members"))
    numbers = whole_numbers(household, 0, _MAX_ID)
    require_unique(household, numbers)
    split = [text.split(",") for text in listed.values]
    known = set(user_ids.astype(str).tolist())
    require(listed, [known.issuperset(names) for names in split], "people of userRatingTrain.txt, separated by commas")
    return numbers, tuple(np.searchsorted(user_ids, [int(name) for name in names]) for names in split)


def _read_choices(path: Path, households: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns each line's household, as a place in `households`, and movie, [n] each."""
    owner, movie, _ = read_columns(path, " ", _RATING_FIELDS)
    numbers = whole_numbers(owner, 0, _MAX_ID)
    require(owner, np.isin(numbers, households), "a household of groupMember.txt")
    order = np.argsort(households)
    return order[np.searchsorted(households, numbers, sorter=order)], whole_numbers(movie, 0, _MAX_ID)


def _read_negatives(path: Path, households: np.ndarray, movies: np.ndarray) -> np.ndarray:
    """Returns the other movies of each line, [n, NUM_NEGATIVES], after checking that lines are those of the test."""
    line, *others = read_columns(path, " ", ("household and movie", *["other movie"] * NUM_NEGATIVES))
    expected = [f"({household},{movie})" for household, movie in zip(households, movies, strict=False)]
    expected += [""] * (len(line.values) - len(expected))
    same = [name == other for name, other in zip(line.values, expected[: len(line.values)], strict=True)]
    require(line, same, "what the same line of groupRatingTest.txt says")
    whole = Column(line.path, "the number of lines", (str(len(line.values)),))
    require(whole, [len(line.values) == len(movies)], f"{len(movies)}, as groupRatingTest.txt has")
    return np.column_stack([whole_numbers(column, 0, _MAX_ID) for column in others])
