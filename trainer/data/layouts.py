"""The folders that are understood as they are published: which files they hold, and how those are read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from trainer.data import movielens_100k
from trainer.data.blocks import SECTION, TextTable, read_whole
from trainer.data.columns import read_columns, require
from trainer.data.dataset import Movie
from trainer.data.errors import DataError
from trainer.data.ratings import Fields
from trainer.data.titles import Movies, numbered, titled, years_of

UNSTATED = "Terms not stated; supplied with --data."
_MOVIELENS = (
    f"{UNSTATED} Where it is MovieLens data by GroupLens, University of Minnesota: not for commercial use without "
    "permission; cite Harper and Konstan 2015, https://doi.org/10.1145/2827872; its README has the rest."
)
_NETFLIX = (
    f"{UNSTATED} Where it is Netflix Prize data: for research only, not to be passed on, nor used to find out who "
    "people are; Netflix has withdrawn it."
)
_QUOTED = re.compile('"((?:[^"]|"")*)"')


@dataclass(frozen=True)
class Layout:
    """One way to lay out a data set in a folder.

    Attributes:
        name: For messages.
        rating_files: Patterns of names, of which files may fit one.
        movie_files: The same of the one file with the movies.
        table: How files with ratings are made.
        fields: What their columns are called.
        read_movies: Reads the movies of a file, and the genres they can have.
        license: The terms of use, as far as the layout tells.
        read_people: Reads who is listed in a folder; None: nobody is, and anyone may rate.
    """

    name: str
    rating_files: tuple[str, ...]
    movie_files: tuple[str, ...]
    table: TextTable
    fields: Fields
    read_movies: Callable[[Path], Movies]
    license: str
    read_people: Callable[[Path], set[str] | None] = lambda _: None

    def is_in(self, folder: Path) -> bool:
        """Returns whether a folder holds any file of the layout."""
        return any(next(folder.glob(pattern), None) for pattern in (*self.rating_files, *self.movie_files))


def find_layout(folder: Path) -> Layout:
    """Tells by the names of its files how a folder is laid out.

    Raises:
        DataError: It cannot be read, or none or more than one layout fits.
    """
    try:
        next(folder.iterdir(), None)
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror}); give a folder with ratings") from error
    found = [layout for layout in LAYOUTS if layout.is_in(folder)]
    if len(found) == 1:
        return found[0]
    if found:
        several = " and ".join(layout.name for layout in found)
        raise DataError(f"{folder}: holds files of {several}, allowed is one layout; move the others elsewhere")
    known = "; ".join(f"{layout.name} ({' or '.join(layout.rating_files)})" for layout in LAYOUTS)
    raise DataError(f"{folder}: holds no ratings, known are {known}; for others give one file and --columns")


def files_of(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    """Returns the files that fit one of the patterns; where none does, a file that is not there.

    Raises:
        DataError: Files fit several, so that ratings might be there twice, or only in part.
    """
    found = {pattern: files for pattern in patterns if (files := sorted(folder.glob(pattern)))}
    if len(found) > 1:
        message = f"holds files of {' and of '.join(found)}, allowed is one of them; move the others elsewhere"
        raise DataError(f"{folder}: {message}")
    return next(iter(found.values()), [folder / patterns[0]])


def _from_dat(path: Path) -> Movies:
    movie_id, title, genres = read_columns(path, "::", ("movie id", "title", "genres"))
    return titled(numbered(movie_id), title, genres)


def _from_csv(path: Path) -> Movies:
    names = ("movieId", "title", "genres")
    movie_id, title, genres = read_whole(path, TextTable(",", quoted=True), names)
    return titled(numbered(movie_id), title, genres)


def _from_netflix(path: Path, header: tuple[str, ...]) -> Movies:
    """Reads number, year and name; commas in a name need no quotes, and "" in quotes is one quote."""
    columns = read_columns(path, ",", header or ("movie id", "year", "title"), rest_is_last=True)
    if header:
        for column, name in zip(columns, header, strict=True):
            require(column, column.values[0].as_py() == name, repr(name))
        columns = [column.take(np.arange(1, len(column.values))) for column in columns]
    movie_id, year, title = columns
    numbers, years = numbered(movie_id), years_of(year)
    names = [_unquoted(text) for text in title.values.to_pylist()]
    require(title, [bool(name) for name in names], "a title")
    return [Movie(*movie, ()) for movie in zip(numbers, names, years, strict=True)], ()


def _unquoted(text: str) -> str:
    quoted = _QUOTED.fullmatch(text.strip())
    return quoted[1].replace('""', '"').strip() if quoted else text.strip()


# What messages call the fields of files without a header.
_100K, _DAT = ("user id", "item id", "rating", "timestamp"), ("user id", "movie id", "rating", "timestamp")
_CSV, _PRIZE = TextTable(",", quoted=True), TextTable(",", ("user id", "rating", "date"), sectioned=True)
_TITLES = partial(_from_netflix, header=())
_TITLES_WITH_HEADER = partial(_from_netflix, header=("Movie_ID", "Year", "Name"))
# fmt: off
LAYOUTS = (
    Layout("MovieLens 100K", ("u.data",), ("u.item",), TextTable("\t", _100K), Fields(*_100K),
           movielens_100k.read_movies, UNSTATED, movielens_100k.read_people),
    Layout("MovieLens 1M and 10M", ("ratings.dat",), ("movies.dat",), TextTable("::", _DAT), Fields(*_DAT),
           _from_dat, _MOVIELENS),
    Layout("MovieLens latest, 20M, 25M and 32M", ("ratings.csv",), ("movies.csv",), _CSV,
           Fields("userId", "movieId", "rating", "timestamp"), _from_csv, _MOVIELENS),
    Layout("Netflix in two tables", ("Netflix_Dataset_Rating.csv",), ("Netflix_Dataset_Movie.csv",), _CSV,
           Fields("User_ID", "Movie_ID", "Rating", None), _TITLES_WITH_HEADER, _NETFLIX),
    Layout("the Netflix Prize", ("combined_data_*.txt", "mv_*.txt", "training_set/mv_*.txt"),
           ("movie_titles.csv", "movie_titles.txt"), _PRIZE, Fields("user id", SECTION, "rating", "date"),
           _TITLES, _NETFLIX),
)
# fmt: on
