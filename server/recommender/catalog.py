"""The catalogue of one release, mapped from its Arrow files: the movies, and who has watched what."""

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from server.errors import ReleaseError
from server.recommender.models import Rows
from server.recommender.release_info import ReleaseInfo, read_release_info

_MOVIE_COLUMNS = {
    "row": pa.int32(),
    "movie_id": pa.string(),
    "title": pa.string(),
    "year": pa.int32(),
    "genres": pa.list_(pa.string()),
    "rating_count": pa.int32(),
    "mean_rating": pa.float32(),
}
_HISTORY_COLUMNS = {"user_id": pa.string(), "rows": pa.list_(pa.int32())}
_NO_ROWS = np.empty(0, np.int32)


@dataclass(frozen=True)
class Movie:
    """A movie of the catalogue; `year` is 0 when unknown, `mean_rating` NaN when nobody rated it."""

    movie_id: str
    title: str
    year: int
    genres: tuple[str, ...]
    rating_count: int
    mean_rating: float


class Catalog:
    """The movies and histories of one release. The files stay mapped; what is not read costs no memory."""

    def __init__(self, info: ReleaseInfo, movies: pa.RecordBatch, histories: pa.RecordBatch) -> None:
        self.info = info
        self._movies = movies
        self._user_ids = histories["user_id"]
        self._offsets = histories["rows"].offsets.to_numpy()
        self._rows = histories["rows"].values.to_numpy()

    @classmethod
    def open(cls, path: Path) -> "Catalog":
        """Maps the catalogue folder of one release and checks it whole.

        Raises:
            ReleaseError: A file is missing, truncated or not as agreed, or the counts do not fit together.
        """
        info = read_release_info(path / "release.json")
        movies = _map_batch(path / "movies.arrow", _MOVIE_COLUMNS)
        histories = _map_batch(path / "histories.arrow", _HISTORY_COLUMNS)
        _check_movies(info, movies)
        _check_histories(info, histories)
        for name in ("candidates.arrow", "popularity.arrow"):
            rows = _map_batch(path / name, {}).num_rows
            _require(rows == movies.num_rows, path / name, f"has {rows} rows, movies.arrow {movies.num_rows}")
        return cls(info, movies, histories)

    @property
    def num_movies(self) -> int:
        """How many movies there are; rows are 0 to one less."""
        return int(self._movies.num_rows)

    def movie(self, row: int) -> Movie:
        """Returns the movie in `row`, 0 to `num_movies` - 1."""
        values = {name: self._movies[name][row].as_py() for name in _MOVIE_COLUMNS if name != "row"}
        return Movie(**values | {"genres": tuple(values["genres"])})

    def user_id(self, position: int) -> str:
        """Returns the id of the known user at `position` in the order of their ids, from 0."""
        return str(self._user_ids[position].as_py())

    def history(self, user_id: str) -> Rows:
        """Returns the rows a user has watched, `[h] int32`, as a view; empty for someone unknown."""
        position = bisect_left(range(len(self._user_ids)), user_id, key=self.user_id)
        if position == len(self._user_ids) or self.user_id(position) != user_id:
            return _NO_ROWS
        rows: Rows = self._rows[self._offsets[position] : self._offsets[position + 1]]
        return rows


def _map_batch(path: Path, columns: dict[str, pa.DataType]) -> pa.RecordBatch:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        num_batches = reader.num_record_batches
        _require(num_batches == 1, path, f"has {num_batches} record batches, must have 1")
        batch = reader.get_batch(0)
        # Broken offsets would otherwise be read out of bounds later.
        batch.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise ReleaseError(f"{path.name} cannot be read: {error}") from error
    for name, kind in columns.items():
        _check_column(path, batch, name, kind)
    return batch


def _check_column(path: Path, batch: pa.RecordBatch, name: str, kind: pa.DataType) -> None:
    _require(name in batch.schema.names, path, f"has no column {name}")
    column = batch[name]
    _require(column.type == kind, path, f"has {name} as {column.type}, must be {kind}")
    num_nulls = column.null_count + (column.flatten().null_count if pa.types.is_list(kind) else 0)
    _require(num_nulls == 0, path, f"has {num_nulls} nulls in {name}")


def _check_movies(info: ReleaseInfo, movies: pa.RecordBatch) -> None:
    path = Path("movies.arrow")
    expected = info.data.num_movies
    _require(movies.num_rows == expected, path, f"has {movies.num_rows} movies, release.json says {expected}")
    in_order = np.array_equal(movies["row"].to_numpy(), np.arange(movies.num_rows))
    _require(in_order, path, "is not in row order")


def _check_histories(info: ReleaseInfo, histories: pa.RecordBatch) -> None:
    path = Path("histories.arrow")
    user_ids, num_ratings = histories["user_id"], len(histories["rows"].flatten())
    people = f"has {len(user_ids)} people with {num_ratings} ratings"
    agreed = (len(user_ids), num_ratings) == (info.data.num_users, info.data.num_ratings)
    _require(agreed, path, f"{people}, release.json says {info.data.num_users} with {info.data.num_ratings}")
    ascending = pc.all(pc.less(user_ids[:-1], user_ids[1:])).as_py()
    _require(ascending is not False, path, "is not sorted by user_id, or names someone twice")


def _require(holds: bool, path: Path, otherwise: str) -> None:
    if not holds:
        raise ReleaseError(f"{path.name} {otherwise}")
