"""Movies from what data sets say of them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace

from trainer.data.columns import Column, require, require_unique, whole_numbers
from trainer.data.dataset import Movie

MAX_ID = 2**31 - 1
_NO_GENRES = "(no genres listed)"
_YEAR = re.compile(r"(?P<year>[0-9]{4})(\.0)?|NULL|")

# After the year may stand IMDb's mark for video or television: "... (1995) (V)".
_TITLE_AND_YEAR = re.compile(r"(?P<title>.*\S)\s*\((?P<year>[0-9]{4})\)(\s*\(T?V\))?")

# The movies of a data set, and every genre they can have.
Movies = tuple[list[Movie], tuple[str, ...]]


def numbered(movie_id: Column) -> list[str]:
    """Reads a column of movie ids that are whole numbers, each on one line only.

    Raises:
        DataError: One is none, or there twice.
    """
    numbers = whole_numbers(movie_id, 1, MAX_ID)
    require_unique(movie_id, numbers)
    return [str(number) for number in numbers.tolist()]


def years_of(year: Column) -> list[int]:
    """Reads a column of years; NULL and nothing are 0.

    Raises:
        DataError: One is none.
    """
    found = [_YEAR.fullmatch(text) for text in year.values.to_pylist()]
    require(year, [match is not None for match in found], "a year of four digits, NULL or nothing")
    return [int((match and match["year"]) or 0) for match in found]


def titled(movie_ids: Sequence[str], title: Column, genres: Column | None) -> Movies:
    """Makes movies of titles, which may end with the year in brackets, and genres such as "Comedy|Drama".

    Raises:
        DataError: There is no title, or a line break in one.
    """
    titles = title.values.to_pylist()
    require(title, [bool(text.strip()) and "\n" not in text for text in titles], "a title on one line")
    listed = genres.values.to_pylist() if genres else [""] * len(titles)
    split = [
        tuple(dict.fromkeys(filter(None, map(str.strip, text.replace(_NO_GENRES, "").split("|"))))) for text in listed
    ]
    movies = [movie_of(*movie) for movie in zip(movie_ids, titles, split, strict=True)]
    return movies, tuple(sorted({genre for each in split for genre in each}))


def movie_of(movie_id: str, title_and_year: str, genres: Sequence[str]) -> Movie:
    """Returns a movie whose title may end with its year in brackets."""
    text = title_and_year.strip()
    found = _TITLE_AND_YEAR.fullmatch(text)
    title, year = (found["title"], int(found["year"])) if found else (text, 0)
    return Movie(movie_id, title, year, tuple(genres))


def merged(entries: Iterable[Movie]) -> tuple[Movie, ...]:
    """Makes one movie of the entries with the same title and year; ascending by id, the lowest stands for all.

    An unknown year equals nothing: two films called "unknown" need not be one.
    """
    groups: dict[tuple[str, int] | str, list[Movie]] = {}
    for entry in sorted(entries, key=lambda movie: id_order(movie.movie_id)):
        groups.setdefault((entry.title, entry.year) if entry.year else entry.movie_id, []).append(entry)
    return tuple(
        replace(first, alias_ids=tuple(other.movie_id for other in others)) for first, *others in groups.values()
    )


def id_order(identifier: str) -> tuple[bool, int, str]:
    """Returns what ids are sorted by: whole numbers first, by size, then all others as text."""
    is_number = identifier.isascii() and identifier.isdigit()
    return not is_number, int(identifier) if is_number else 0, identifier
