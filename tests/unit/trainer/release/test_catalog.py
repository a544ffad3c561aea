"""The catalogue on disk: readable by the server, and in step with the data."""

import json
import re
from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from tests.unit.trainer.people import dataset_of
from trainer.data.dataset import Movie
from trainer.histories import Histories
from trainer.release.catalog import write_catalog

STRINGS, ROWS, STARS = pa.list_(pa.string()), pa.list_(pa.int32()), pa.list_(pa.float32())
SCHEMAS = {
    "movies": {
        "row": pa.int32(),
        "movie_id": pa.string(),
        "title": pa.string(),
        "year": pa.int32(),
        "genres": STRINGS,
        "rating_count": pa.int32(),
        "mean_rating": pa.float32(),
        "alias_ids": STRINGS,
    },
    "histories": {"user_id": pa.string(), "rows": ROWS, "ratings": STARS},
    # 64 factors and the 128 axes of the item-to-item part, which wins on the generated set.
    "candidates": {"embedding": pa.list_(pa.float32(), 64 + 128)},
    "popularity": {"most_rated": pa.int32(), "highest_rated": pa.int32()},
}


@pytest.fixture
def document(release):
    return json.loads((release.folder("catalog") / "release.json").read_text(encoding="utf-8"))


def column_of(folder, file, name):
    return pa.ipc.open_file(pa.memory_map(str(folder / f"{file}.arrow"))).get_batch(0)[name].to_pylist()


@pytest.fixture
def tiny(tmp_path):
    """The columns of a catalogue of three people; the first rated movie 0 twice, nobody rated movie 2."""
    dataset = dataset_of([(1, 4.0), (0, 1.0), (0, 3.0)], [], [(0, 5.0)], num_movies=2)
    movies = (*dataset.movies, Movie("3", "Ünknown", 0, (), ("7", "8")))
    dataset = replace(dataset, movies=movies, user_ids=np.array(["9", "10", "é"]))
    embeddings = np.arange(6, dtype=np.float32).reshape(3, 2)
    write_catalog(tmp_path, dataset, Histories.of_people(dataset), embeddings, {})
    return partial(column_of, tmp_path)


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_have_the_agreed_columns_without_nulls(release, read_arrow, name):
    batch = read_arrow(release, name)
    assert dict(zip(batch.schema.names, batch.schema.types, strict=True)) == SCHEMAS[name]
    assert all(column.null_count == 0 for column in batch.columns)


@pytest.mark.parametrize("name", SCHEMAS)
def test_files_map_into_memory(release, read_arrow, name):
    """Compressed ones would be unpacked into memory of the reader's own."""
    before = pa.total_allocated_bytes()
    batch = read_arrow(release, name)
    assert batch.num_rows
    assert pa.total_allocated_bytes() == before


def test_the_server_opens_it_and_finds_everyones_history(either):
    people = either.dataset.user_ids
    for person, user_id in enumerate(people):
        rows, _ = either.histories.padded(np.array([person]))
        assert either.catalog.history(str(user_id)).rows.tolist() == rows[0].tolist()
    assert either.catalog.num_movies == either.num_movies
    assert either.catalog.history("nobody").rows.tolist() == []


def test_user_ids_are_sorted_by_their_bytes(release, read_arrow):
    user_ids = read_arrow(release, "histories")["user_id"].to_pylist()
    assert user_ids == sorted(user_ids, key=str.encode)
    assert user_ids[:4] == ["1", "10", "100", "101"]


def test_histories_keep_stars_oldest_first(tiny):
    assert tiny("histories", "user_id") == ["10", "9", "é"]
    assert tiny("histories", "rows") == [[], [1, 0], [0]]
    assert tiny("histories", "ratings") == [[], [4.0, 3.0], [5.0]]


def test_counts_and_means_are_those_of_the_newest_ratings(tiny):
    assert tiny("movies", "rating_count") == [2, 1, 0]
    assert tiny("movies", "mean_rating") == pytest.approx([4.0, 4.0, np.nan], nan_ok=True)


def test_movies_keep_their_row_and_other_ids(tiny):
    assert tiny("movies", "row") == [0, 1, 2]
    assert tiny("movies", "movie_id") == ["1", "2", "3"]
    assert tiny("movies", "title") == ["Movie 0", "Movie 1", "Ünknown"]
    assert tiny("movies", "year") == [1980, 1981, 0]
    assert tiny("movies", "genres") == [["Comedy"], ["Drama"], []]
    assert tiny("movies", "alias_ids") == [[], [], ["7", "8"]]


def test_candidates_are_in_row_order(tiny):
    assert tiny("candidates", "embedding") == [[0, 1], [2, 3], [4, 5]]


def test_the_most_rated_come_first_and_every_row_is_there(tiny):
    assert tiny("popularity", "most_rated") == [0, 1, 2]


def test_the_highest_rated_movie_is_not_the_one_with_a_single_rating(tmp_path):
    dataset = dataset_of(*([(0, 4.0), (1, 2.0)] for _ in range(30)), [(2, 5.0)], num_movies=3)
    write_catalog(tmp_path, dataset, Histories.of_people(dataset), np.zeros((3, 2)), {})
    assert column_of(tmp_path, "popularity", "highest_rated") == [0, 2, 1]


def test_release_json_says_what_was_made(release, document):
    dataset = release.dataset
    assert (document["format"], document["version"], document["seed"]) == (1, 1, 37)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", document["created"])
    assert document["data"] == {
        "name": "synthetic",
        "fingerprint": dataset.fingerprint(),
        "license": dataset.license,
        "num_users": 300,
        "num_movies": 400,
        "num_ratings": len(dataset.latest().row),
    }
    assert document["genres"] == list(dataset.genres)
    assert (document["rating_min"], document["rating_max"]) == (1.0, 5.0)
    assert document["versions"]["tensorflow"].startswith("2.")
    assert document["config"]["fit"]["sweeps"] == 4


def test_release_json_holds_the_metrics_and_choices_of_the_training(release, document):
    reported = [(system.system, system.served, system.values) for system in release.trained.metrics]
    assert [tuple(system.values()) for system in document["metrics"]] == reported
    assert document["like_star_share"] == release.trained.choices.like_star_share
    chosen = document["config"]["chosen"]
    assert (chosen["epochs"], chosen["item"]["weight"]) == (0, release.trained.choices.item.weight)
