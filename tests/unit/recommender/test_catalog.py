import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from math import isnan
from pathlib import Path

import pyarrow as pa
import pytest

from server.errors import ReleaseError
from server.recommender.catalog import Catalog, Movie
from tests.tiny_release import TinyRelease, random_release, write_catalog

HISTORIES = ((3, 1), (), (0, 2, 4), (5,))
RELEASE = replace(random_release(num_users=4, num_movies=10), histories=HISTORIES)


def write(folder: Path, release: TinyRelease = RELEASE) -> Path:
    write_catalog(folder / "1", 1, release)
    return folder / "1"


def test_movies_are_read_by_row(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    assert catalog.num_movies == 10
    assert catalog.movie(2) == Movie("m2", "Movie 2", 1992, ("Comedy", "Drama"), 1, 3.5)
    assert isnan(catalog.movie(9).mean_rating)


def test_histories_are_found_by_user_id(tmp_path: Path) -> None:
    catalog = Catalog.open(write(tmp_path))
    assert [tuple(catalog.history(user_id)) for user_id in RELEASE.user_ids] == list(HISTORIES)
    assert [len(catalog.history(user_id)) for user_id in ("", "0", "11", "zoe", "zoë2", "\U0010ffff")] == [0] * 6


def test_a_history_is_a_view_of_the_mapped_file(tmp_path: Path) -> None:
    history = Catalog.open(write(tmp_path)).history("3")
    assert history.dtype == "int32"
    assert not history.flags.writeable


def test_ids_are_sorted_by_bytes_beyond_ascii(tmp_path: Path) -> None:
    user_ids = ("Z", "a", "\uffff", "\U00010000")
    catalog = Catalog.open(write(tmp_path, replace(RELEASE, user_ids=user_ids)))
    assert [tuple(catalog.history(user_id)) for user_id in user_ids] == list(HISTORIES)


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
    assert tuple(catalog.history("3")) == (0, 2, 4)
    assert catalog.movie(0).movie_id == "m0"
