"""MovieLens-100K itself, where it is cached or can be fetched."""

import os
from pathlib import Path

import numpy as np
import pytest

from trainer.data import DownloadError, load, resolve


@pytest.fixture(scope="module")
def data():
    cache = os.environ.get("PAIRREC_CACHE")
    try:
        return load(resolve("ml-100k", None, Path(cache) if cache else None))
    except DownloadError as error:
        pytest.skip(str(error))


def test_counts_are_those_of_its_readme(data):
    assert (len(data.user), len(data.user_ids), len(data.genres)) == (100_000, 943, 19)
    assert np.bincount(data.user).min() == 20


def test_eighteen_pairs_of_ids_are_one_movie_each(data):
    assert len(data.movies) == 1664
    aliases = [movie.alias_ids for movie in data.movies if movie.alias_ids]
    assert [len(ids) for ids in aliases] == [1] * 18
    assert len(data.latest().user) == 99_693


def test_first_line_and_titles_read_as_published(data):
    movie = data.movies[data.row[0]]
    assert (data.user_ids[data.user[0]], movie.title, movie.year) == ("196", "Kolya", 1996)
    assert (data.rating[0], data.timestamp[0]) == (3, 881250949)
    assert [movie.title for movie in data.movies if movie.year == 0] == ["unknown"]
    assert "Misérables, Les" in {movie.title for movie in data.movies}
