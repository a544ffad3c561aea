import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from server.errors import ReleaseError
from server.recommender.catalog import Catalog, Movie
from server.recommender.queries import MovieFilter
from tests.tiny_release import TinyRelease, random_release, write_catalog

HISTORIES = ((3, 1), (), (0, 2, 4), (5,))
RELEASE = replace(random_release(num_users=4, num_movies=10), histories=HISTORIES)


def write(folder: Path, release: TinyRelease = RELEASE) -> Path:
    write_catalog(folder / "1", 1, release)
    return folder / "1"


def test_movies_are_read_by_row(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    assert catalog.num_movies == 10
    assert catalog.movie(2) == Movie("m2", "Movie 2", 1992, ("Comedy", "Drama"), 1, 2.0)
    assert catalog.movie(9).mean_rating == 0


def test_a_movie_is_found_by_each_of_its_ids(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    found = [catalog.row_of(movie_id) for movie_id in ("m3", "also-m3", "m9", "m10", "also-m2", "")]
    assert found == [3, 3, 9, None, None, None]


def test_histories_are_found_by_user_id(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    assert [rows_of(catalog, user_id) for user_id in RELEASE.user_ids] == list(HISTORIES)
    assert catalog.history("1").ratings.tolist() == [2.5, 1.5]
    assert all(catalog.knows(user_id) for user_id in RELEASE.user_ids)
    strangers = ("", "0", "11", "zoe", "zoë2", "\U0010ffff")
    assert not any(catalog.knows(user_id) or rows_of(catalog, user_id) for user_id in strangers)


def rows_of(catalog: Catalog, user_id: str) -> tuple[int, ...]:
    return tuple(catalog.history(user_id).rows.tolist())


def test_a_history_is_a_view_of_the_mapped_file(tmp_path: Path) -> None:
    history = Catalog.open(write(tmp_path)).history("3")
    assert (history.rows.dtype, history.ratings.dtype) == ("int32", "float32")
    assert not history.rows.flags.writeable


def test_ids_are_sorted_by_bytes_beyond_ascii(tmp_path: Path) -> None:
    user_ids = ("Z", "a", "\uffff", "\U00010000")
    catalog = Catalog.open(write(tmp_path, replace(RELEASE, user_ids=user_ids)))
    assert [rows_of(catalog, user_id) for user_id in user_ids] == list(HISTORIES)


def test_directions_have_length_one_but_for_nothing(tmp_path: Path) -> None:
    candidates = np.array([[3, 4, 0], *[[0, 0, 0]] * 9], np.float32)
    directions = Catalog.open(write(tmp_path, replace(RELEASE, candidates=candidates))).directions(np.array([0, 1]))
    assert directions.tolist() == [pytest.approx([0.6, 0.8, 0]), [0, 0, 0]]


def truncate(name: str, size: int) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:size])


def change(**changes: object) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "release.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return apply


def columns(name: str, change_columns: Callable[[dict], dict]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        batch = pa.ipc.open_file((folder / name).read_bytes()).get_batch(0)
        changed = pa.record_batch(change_columns({field: batch[field] for field in batch.schema.names}))
        with pa.OSFile(str(folder / name), "wb") as file, pa.ipc.new_file(file, changed.schema) as writer:
            writer.write_batch(changed)

    return apply


def lists(values: list, kind: str = "int32") -> pa.Array:
    return pa.array(values, pa.list_(pa.type_for_alias(kind)))


@pytest.mark.parametrize(
    ("wanted", "rows"),
    [
        (MovieFilter(), [0, 1, 2]),
        (MovieFilter(min_year=0), [1, 2]),
        (MovieFilter(max_year=1950), [1]),
        (MovieFilter(min_year=1951, max_year=1990), [2]),
        (MovieFilter(min_year=-1, max_year=0), []),
    ],
)
def test_a_movie_of_unknown_year_passes_no_bound(tmp_path: Path, wanted: MovieFilter, rows: list[int]) -> None:
    folder = write(tmp_path)
    columns("movies.arrow", lambda c: c | {"year": pa.array([0, 1950, *[1990] * 8], "int32")})(folder)
    assert np.flatnonzero(Catalog.open(folder).allowed(wanted)[:3]).tolist() == rows


def two_batches(folder: Path) -> None:
    batch = pa.ipc.open_file((folder / "movies.arrow").read_bytes()).get_batch(0)
    with pa.OSFile(str(folder / "movies.arrow"), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch)


DATA = {"name": "t", "fingerprint": "", "license": "", "num_users": 4, "num_movies": 10, "num_ratings": 6}
FAULTS = [
    (lambda folder: (folder / "release.json").unlink(), "release.json cannot be read"),
    (lambda folder: (folder / "movies.arrow").unlink(), "movies.arrow cannot be read"),
    (truncate("release.json", 40), "release.json cannot be read"),
    (truncate("movies.arrow", 0), "movies.arrow cannot be read"),
    (truncate("histories.arrow", 500), "histories.arrow cannot be read"),
    (truncate("candidates.arrow", 300), "candidates.arrow cannot be read"),
    (truncate("popularity.arrow", 300), "popularity.arrow cannot be read"),
    (two_batches, "movies.arrow has 2 record batches, must have 1"),
    (change(data=DATA | {"num_movies": 11}), "movies.arrow has 10 movies, release.json says 11"),
    (change(data=DATA | {"num_users": 5}), "has 4 people with 6 ratings, release.json says 5 with 6"),
    (change(data=DATA | {"num_ratings": 7}), "has 4 people with 6 ratings, release.json says 4 with 7"),
    (columns("movies.arrow", lambda c: c | {"row": c["row"].take(pa.array([*range(9, -1, -1)]))}), "row order"),
    (columns("movies.arrow", lambda c: c | {"year": c["year"].cast("int64")}), "year as int64, must be int32"),
    (columns("movies.arrow", lambda c: {k: v for k, v in c.items() if k != "title"}), "has no column title"),
    (columns("movies.arrow", lambda c: c | {"title": pa.array([None, *["x"] * 9])}), "has 1 nulls in title"),
    (columns("histories.arrow", lambda c: c | {"user_id": pa.array(["1", "3", "2", "4"])}), "not sorted by user_id"),
    (columns("histories.arrow", lambda c: c | {"user_id": pa.array(["1", "2", "2", "4"])}), "names someone twice"),
    (columns("histories.arrow", lambda c: c | {"rows": lists([[3, 1], [], [0, 2, 10], [5]])}), "rows beyond 0 to 9"),
    (columns("histories.arrow", lambda c: c | {"ratings": lists([[1], [], [2] * 4, [1]], "float32")}), "lengths"),
    (columns("movies.arrow", lambda c: c | {"genres": pa.array([["Noir"]] * 10)}), "does not name: Noir"),
    (columns("popularity.arrow", lambda c: c | {"most_rated": pa.array([0] * 10, "int32")}), "once in most_rated"),
    (columns("candidates.arrow", lambda c: {"embedding": pa.array([1.0] * 10)}), "embedding as double, must be"),
]


@pytest.mark.parametrize(("spoil", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_a_broken_catalogue_says_what_is_wrong(tmp_path: Path, spoil: Callable[[Path], None], message: str) -> None:
    folder = write(tmp_path)
    spoil(folder)
    with pytest.raises(ReleaseError, match=message):
        Catalog.open(folder)


def test_broken_offsets_are_found(tmp_path: Path) -> None:
    """An offset far beyond the values must not be read through."""
    path = write(tmp_path) / "histories.arrow"
    content = path.read_bytes()
    offsets = b"".join(offset.to_bytes(4, "little") for offset in (0, 2, 2, 5, 6))
    assert content.count(offsets) == 2  # rows, and ratings
    path.write_bytes(content.replace(offsets, offsets[:-4] + b"\xff\xff\xff\x00"))
    with pytest.raises(ReleaseError, match=r"histories.arrow cannot be read"):
        Catalog.open(path.parent)


def test_a_catalogue_stays_readable_when_its_folder_is_pruned(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    shutil.rmtree(tmp_path / "1")
    assert rows_of(catalog, "3") == (0, 2, 4)
    assert catalog.movie(0).movie_id == "m0"
