"""The catalogue of one release: the movies, who has watched what, and what is popular."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from server.recommender.catalog_files import CatalogFiles, map_files
from server.recommender.models import Floats, Rows
from server.recommender.queries import NO_HISTORY, History, MovieFilter, PopularOrder
from server.recommender.release_info import ReleaseInfo, read_release_info

Flags = NDArray[np.bool_]

# Of a large catalogue a small part is asked about again and again; a movie or a history takes half a kilobyte.
_KEPT = 16_384


@dataclass(frozen=True)
class Movie:
    """A movie of the catalogue; `year` is 0 when unknown, `mean_rating` when nobody rated it."""

    movie_id: str
    title: str
    year: int
    genres: tuple[str, ...]
    rating_count: int
    mean_rating: float


class Catalog:
    """The movies and histories of one release; rows are 0 to `num_movies` - 1.

    Attributes:
        info: The release.
        movie: Returns the movie in a row.
        history: Returns what a user has watched, oldest first, as views; empty for someone unknown.
    """

    movie: Callable[[int], Movie]
    history: Callable[[str], History]

    def __init__(self, info: ReleaseInfo, files: CatalogFiles) -> None:
        self.info = info
        self._movies, histories, candidates, self._popularity = files
        self._user_ids = histories["user_id"]
        self._offsets = histories["rows"].offsets.to_numpy()
        self._rows, self._ratings = (histories[name].values.to_numpy() for name in ("rows", "ratings"))
        self._candidates = candidates["embedding"].values.to_numpy().reshape(self.num_movies, -1)
        self._row_of = _rows_by_id(self._movies)
        self._genre_flags = _genre_flags(info, self._movies)
        self.movie = lru_cache(_KEPT)(self._read_movie)
        self.history = lru_cache(_KEPT)(self._read_history)
        self._position = lru_cache(_KEPT)(self._find_position)

    @classmethod
    def open(cls, path: Path) -> "Catalog":
        """Maps the catalogue folder of one release and checks it whole.

        Raises:
            ReleaseError: A file is missing, truncated or not as agreed, or the counts do not fit together.
        """
        info = read_release_info(path / "release.json")
        return cls(info, map_files(path, info))

    @property
    def num_movies(self) -> int:
        """How many movies there are."""
        return int(self._movies.num_rows)

    def row_of(self, movie_id: str) -> int | None:
        """Returns the row of the movie with an id, which may be an alias; None for an unknown one."""
        return self._row_of.get(movie_id)

    def column(self, name: str) -> NDArray[Any]:
        """Returns a column of all movies by row, such as `year`: `[movies]` of its own type, mapped where possible."""
        values: NDArray[Any] = self._movies[name].to_numpy(zero_copy_only=False)
        return values

    def popular(self, order: PopularOrder) -> Rows:
        """Returns all rows in an order of popularity, `[movies] int32`, best first."""
        rows: Rows = self._popularity[order.value].to_numpy()
        return rows

    def directions(self, rows: Rows) -> Floats:
        """Returns the candidate embeddings of some rows, each of length 1, `[n, d] float32`; a zero one stays zero."""
        candidates = self._candidates[rows]
        lengths = np.linalg.norm(candidates, axis=1, keepdims=True)
        return candidates / np.where(lengths > 0, lengths, 1)

    def allowed(self, wanted: MovieFilter) -> Flags:
        """Returns which movies pass every condition of a filter, `[movies] bool`."""
        years = self.column("year")
        passes: Flags = self.column("rating_count") >= wanted.min_rating_count
        if wanted.genres:
            passes &= self._of_genres(wanted.genres)
        if wanted.excluded_genres:
            passes &= ~self._of_genres(wanted.excluded_genres)
        if wanted.min_year is not None:
            passes &= (years >= wanted.min_year) & (years != 0)
        if wanted.max_year is not None:
            passes &= (years <= wanted.max_year) & (years != 0)
        return passes

    def user_id(self, position: int) -> str:
        """Returns the id of the known user at `position` in the order of their ids, from 0."""
        return str(self._user_ids[position].as_py())

    def knows(self, user_id: str) -> bool:
        """Returns whether the catalogue has this person, be it with an empty history."""
        return self._position(user_id) is not None

    def known(self, user_ids: pa.Array) -> Flags:
        """Returns which of `[n]` people the catalogue has, `[n] bool`; null is nobody."""
        import pyarrow.compute as pc  # for jobs; it takes 10 MB, and gateways do without

        found: Flags = pc.is_in(user_ids, self._user_ids).to_numpy(zero_copy_only=False)
        return found

    def _find_position(self, user_id: str) -> int | None:
        position = bisect_left(range(len(self._user_ids)), user_id, key=self.user_id)
        found = position < len(self._user_ids) and self.user_id(position) == user_id
        return position if found else None

    def _read_history(self, user_id: str) -> History:
        position = self._position(user_id)
        if position is None:
            return NO_HISTORY
        entries = slice(*self._offsets[position : position + 2])
        return History(self._rows[entries], self._ratings[entries])

    def _read_movie(self, row: int) -> Movie:
        columns = ("movie_id", "title", "year", "genres", "rating_count", "mean_rating")
        values = {name: self._movies[name][row].as_py() for name in columns}
        # As it is written: the shortest decimal, not all the digits of a float32.
        mean = 0.0 if isnan(values["mean_rating"]) else float(str(np.float32(values["mean_rating"])))
        return Movie(**values | {"genres": tuple(values["genres"]), "mean_rating": mean})

    def _of_genres(self, genres: tuple[str, ...]) -> Flags:
        columns = [self.info.genres.index(genre) for genre in genres]
        of_genre: Flags = np.logical_or.reduce(self._genre_flags[:, columns], axis=1)
        return of_genre


def _rows_by_id(movies: pa.RecordBatch) -> dict[str, int]:
    aliases = movies["alias_ids"]
    by_alias = zip(aliases.values.to_pylist(), _rows_of_entries(aliases).tolist(), strict=True)
    by_id = zip(movies["movie_id"].to_pylist(), range(movies.num_rows), strict=True)
    return dict(chain(by_alias, by_id))


def _genre_flags(info: ReleaseInfo, movies: pa.RecordBatch) -> Flags:
    genres, column_of = movies["genres"], {genre: column for column, genre in enumerate(info.genres)}
    flags = np.zeros((movies.num_rows, len(info.genres)), bool)
    columns = [column_of[genre] for genre in genres.values.to_pylist()]
    flags[_rows_of_entries(genres), columns] = True
    return flags


def _rows_of_entries(lists: pa.ListArray) -> NDArray[np.intp]:
    return np.repeat(np.arange(len(lists)), np.diff(lists.offsets))
