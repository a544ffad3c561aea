"""Anybody's ratings: one CSV or Parquet file whose columns are named, and perhaps one with the movies."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from trainer.data.blocks import Block, TextTable, header_of, joined, read_parquet, read_text
from trainer.data.columns import require_unique
from trainer.data.dataset import Movie
from trainer.data.errors import DataError
from trainer.data.ratings import canonical
from trainer.data.titles import Movies, titled, years_of

_SEPARATORS = (",", "\t", ";", "|")


def read_table(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    """Yields the columns `wanted` of a Parquet file, by the end of its name, or else of a text file.

    A text file is separated by whatever of comma, tab, semicolon and bar makes its first line name them all. Where they
    are all whole numbers, they are places from 1, and the first line is already a row.

    Raises:
        DataError: It cannot be read, or has no such column.
    """
    if path.is_dir():
        raise DataError(f"{path}: is a folder, --columns is for a table; give one file")
    if path.suffix.lower() == ".parquet":
        return read_parquet(path, wanted)
    headers = {separator: header_of(path, separator) for separator in _SEPARATORS}
    if all(name.isdecimal() for name in wanted):
        separator = max(headers, key=lambda separator: len(headers[separator]))
        names = tuple(str(place + 1) for place in range(len(headers[separator])))
        return read_text(path, TextTable(separator, names, quoted=True), wanted)
    fitting = (separator for separator, names in headers.items() if set(wanted) <= set(names))
    return read_text(path, TextTable(next(fitting, ","), quoted=True), wanted)


def read_own_movies(path: Path, columns: Mapping[str, str]) -> Movies:
    """Reads a file with one movie a row.

    Args:
        path: The file.
        columns: Its column names: "movie" (or "id", where it has another name than beside the ratings), "title", and
            perhaps "year", without which the title may end with it in brackets, and "genres", separated by bars.

    Raises:
        DataError: The file is malformed, or a movie is there twice.
    """
    named = {"id": columns.get("id", columns["movie"])}
    named |= {key: columns[key] for key in ("title", "year", "genres") if key in columns}
    blocks = list(read_table(path, list(named.values())))
    found = dict(zip(named, joined(blocks, list(named.values())), strict=True))
    ids = canonical(found["id"], as_numbers=False)
    require_unique(found["id"], ids)
    movies, genres = titled(ids, found["title"], found.get("genres"))
    if "year" in found:
        titles = [text.strip() for text in found["title"].values.to_pylist()]
        years = years_of(found["year"])
        parts = zip(ids, titles, years, (movie.genres for movie in movies), strict=True)
        movies = [Movie(*movie) for movie in parts]
    return movies, genres
