"""Maps the Arrow files of a release's catalogue and checks that they are whole and fit together.

Neither here nor in the catalogue anything needs pyarrow.compute, as `flatten()` does: it takes a gateway 10 MB.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from server.errors import ReleaseError
from server.recommender.models import Rows
from server.recommender.release_info import ReleaseInfo

_STRINGS = pa.list_(pa.string())
_COLUMNS = {
    "movies.arrow": {
        "row": pa.int32(),
        "movie_id": pa.string(),
        "title": pa.string(),
        "year": pa.int32(),
        "genres": _STRINGS,
        "rating_count": pa.int32(),
        "mean_rating": pa.float32(),
        "alias_ids": _STRINGS,
    },
    "histories.arrow": {"user_id": pa.string(), "rows": pa.list_(pa.int32()), "ratings": pa.list_(pa.float32())},
    "candidates.arrow": {"embedding": pa.list_(pa.float32(), -1)},
    "popularity.arrow": {"most_rated": pa.int32(), "highest_rated": pa.int32()},
}


class CatalogFiles(NamedTuple):
    """The tables of one catalogue; they stay mapped, and what is not read costs no memory."""

    movies: pa.RecordBatch
    histories: pa.RecordBatch
    candidates: pa.RecordBatch
    popularity: pa.RecordBatch


def map_files(folder: Path, info: ReleaseInfo) -> CatalogFiles:
    """Maps the catalogue in a folder.

    Raises:
        ReleaseError: A file is missing, truncated or not as agreed, or the counts do not fit together.
    """
    files = CatalogFiles(*(_map_batch(folder / name) for name in _COLUMNS))
    _check_movies(info, files.movies)
    _check_histories(info, files.histories)
    _check_popularity(info, files.popularity)
    rows = files.candidates.num_rows
    _require(rows == info.data.num_movies, "candidates.arrow", f"has {rows} rows, movies.arrow {info.data.num_movies}")
    return files


def _map_batch(path: Path) -> pa.RecordBatch:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        num_batches = reader.num_record_batches
        _require(num_batches == 1, path.name, f"has {num_batches} record batches, must have 1")
        batch = reader.get_batch(0)
        # Broken offsets would otherwise be read out of bounds later.
        batch.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise ReleaseError(f"{path.name} cannot be read: {error}") from error
    for name, kind in _COLUMNS[path.name].items():
        _check_column(path.name, batch, name, kind)
    return batch


def _check_column(file: str, batch: pa.RecordBatch, name: str, kind: pa.DataType) -> None:
    _require(name in batch.schema.names, file, f"has no column {name}")
    column = batch[name]
    if pa.types.is_fixed_size_list(column.type):  # of whatever size
        kind = pa.list_(pa.float32(), column.type.list_size)
    _require(column.type == kind, file, f"has {name} as {column.type}, must be {kind}")
    num_nulls = column.null_count + (column.values.null_count if pa.types.is_nested(kind) else 0)
    _require(num_nulls == 0, file, f"has {num_nulls} nulls in {name}")


def _check_movies(info: ReleaseInfo, movies: pa.RecordBatch) -> None:
    expected = info.data.num_movies
    _require(movies.num_rows == expected, "movies.arrow", f"has {movies.num_rows} movies, release.json says {expected}")
    in_order = np.array_equal(movies["row"].to_numpy(), np.arange(movies.num_rows))
    _require(in_order, "movies.arrow", "is not in row order")
    strange = sorted(set(movies["genres"].values.to_pylist()) - set(info.genres))
    _require(not strange, "movies.arrow", f"has genres that release.json does not name: {', '.join(strange)}")


def _check_histories(info: ReleaseInfo, histories: pa.RecordBatch) -> None:
    file = "histories.arrow"
    user_ids, rows = histories["user_id"], histories["rows"].values.to_numpy()
    people = f"has {len(user_ids)} people with {len(rows)} ratings"
    agreed = (len(user_ids), len(rows)) == (info.data.num_users, info.data.num_ratings)
    _require(agreed, file, f"{people}, release.json says {info.data.num_users} with {info.data.num_ratings}")
    ids = user_ids.to_numpy(zero_copy_only=False)
    _require(bool((ids[:-1] < ids[1:]).all()), file, "is not sorted by user_id, or names someone twice")
    _require(_in_range(rows, info), file, f"has rows beyond 0 to {info.data.num_movies - 1}")
    together = histories["rows"].offsets.equals(histories["ratings"].offsets)
    _require(together, file, "has rows and ratings of different lengths")


def _check_popularity(info: ReleaseInfo, popularity: pa.RecordBatch) -> None:
    for name in popularity.schema.names:
        rows = popularity[name].to_numpy()
        whole = np.array_equal(np.sort(rows), np.arange(info.data.num_movies))
        _require(whole, "popularity.arrow", f"does not list each of {info.data.num_movies} rows once in {name}")


def _in_range(rows: Rows, info: ReleaseInfo) -> bool:
    return bool(rows.min(initial=0) >= 0 and rows.max(initial=0) < info.data.num_movies)


def _require(holds: bool, file: str, otherwise: str) -> None:
    if not holds:
        raise ReleaseError(f"{file} {otherwise}")
