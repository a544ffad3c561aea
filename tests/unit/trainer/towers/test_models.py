"""Every notebook's model is served as the default is: by the same signatures, under the same laws."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.release import stock_tensorflow
from trainer.data import DataError
from trainer.data.synthetic import TASTE_GROUPS
from trainer.histories import Histories
from trainer.towers import NAMES
from trainer.towers.models import NAMED

STRANGER = "who is this?"
NONE = np.zeros((1, 0))


@pytest.fixture
def stored(named):
    return named.embed(named.dataset.user_ids)


@pytest.fixture
def most_rated(named):
    return np.argsort(-named.histories.counts(named.num_movies), kind="stable")


def test_the_names_that_need_no_tensorflow_are_those_of_the_models():
    assert tuple(NAMED) == NAMES


@pytest.mark.parametrize("named", ["mf", "content"], indirect=True)  # which have all parts that there are
def test_stock_tensorflow_loads_every_model_and_answers(named):
    folders = [str(named.folder(model)) for model in ("query_tower", "movie_index", "ranking_head")]
    script = [sys.executable, stock_tensorflow.__file__, *folders]
    found = json.loads(subprocess.run(script, check=True, capture_output=True, text=True).stdout)
    assert not any(found["strange_operations"].values())
    assert all(found["answers"].values())
    assert found["recommenders_loaded"] is False


def test_the_release_says_which_model_it_is(named):
    info = json.loads((named.folder("catalog") / "release.json").read_text())
    about = info["config"]["about"]
    assert "fit" not in info["config"]
    assert NAMED[info["config"]["model"]["name"]].about == about
    assert about in (named.folder("catalog") / "model_card.md").read_text()
    served = [system["system"] for system in info["metrics"] if system["served"]]
    assert served == [info["config"]["model"]["name"], "ranking_head"]


def test_a_stranger_gets_what_is_most_rated_with_stars_between_others(named, stored, most_rated):
    answer = named.ask_tower([STRANGER])
    assert answer["known"].tolist() == [False]
    found = named.search(answer["query_embedding"], NONE)["movie_row"][0]
    assert found.tolist() == most_rated.tolist()
    stars, of_others = (named.stars(query, [range(60)] * len(query)) for query in (answer["query_embedding"], stored))
    assert of_others.min() <= stars.min() < stars.max() <= of_others.max()


def test_guests_are_known_by_their_history_and_people_by_their_ids(named, stored, most_rated):
    rows, ratings = named.histories.padded(np.array([5]))
    for answer in (named.ask_tower([STRANGER], rows=rows, ratings=ratings), named.ask_tower(["6"])):
        assert answer["known"].tolist() == [True]
        found = named.search(answer["query_embedding"], NONE)["movie_row"][0]
        assert found.tolist() != most_rated.tolist()
    assert named.ask_tower(["6"])["query_embedding"] == pytest.approx(stored[5:6])


def test_an_encoded_history_lists_much_what_its_owner_is_listed(named, stored):
    """A tower of ids can only be met on average: of two random lists of 20 among 60 movies a third is shared."""
    rows, ratings = named.histories.padded(np.arange(60))
    encoded = named.embed([STRANGER] * 60, rows=rows, ratings=ratings)
    own, by_history = (named.search(query, np.zeros((60, 0)))["movie_row"][:, :20] for query in (stored, encoded))
    shared = [len(set(first) & set(second)) for first, second in zip(own.tolist(), by_history.tolist(), strict=True)]
    assert np.mean(shared) > 12


def test_a_mean_of_embeddings_has_the_mean_of_the_scores(named, stored):
    mean = stored[:2].mean(axis=0, keepdims=True)
    assert named.scores(mean) == pytest.approx(named.scores(stored[:2]).mean(axis=0, keepdims=True), abs=1e-4)


def test_stars_are_on_the_scale_and_of_movies_alone(named, stored):
    stars = named.stars(stored, [[-1, *range(60), 60]] * 60)
    assert np.isnan(stars[:, [0, -1]]).all()
    assert ((stars[:, 1:-1] >= 1) & (stars[:, 1:-1] <= 5)).all()


def test_stars_tell_more_than_the_mean_of_all(named, stored):
    given = named.histories
    rows, _ = given.padded(np.arange(60))
    errors = named.stars(stored, rows)[rows >= 0] - given.ratings
    assert np.sqrt((errors**2).mean()) < given.ratings.std()


def test_tastes_bring_up_the_genres_that_are_liked(named, most_rated):
    genres = named.dataset.genres
    shares = []
    for group in TASTE_GROUPS:
        favourite = np.array([bool(set(group) & set(movie.genres)) for movie in named.dataset.movies])
        query = named.embed([STRANGER], tastes=[[5.0 if genre in group else np.nan for genre in genres]])
        found = named.search(query, NONE)["movie_row"][0]
        shares.append((favourite[found[:10]].mean(), favourite[most_rated[:10]].mean()))
    by_taste, by_popularity = np.mean(shares, axis=0)
    assert by_taste > by_popularity + 0.2


def test_content_needs_genres(generated):
    bare = replace(generated, genres=(), movies=tuple(replace(movie, genres=()) for movie in generated.movies))
    with pytest.raises(DataError, match="needs genres, synthetic has none; choose another with --model"):
        NAMED["content"].fit(bare, Histories.of_people(bare), 37)


@pytest.mark.parametrize("name", ["multitask", "retrieval", "mf"])
def test_towers_of_ids_need_no_genres_and_no_second_person(generated, name):
    bare = replace(generated, genres=(), movies=tuple(replace(movie, genres=(), year=0) for movie in generated.movies))
    alone = bare.of_people(np.arange(60) == 3)
    fitted = NAMED[name].fit(alone, Histories.of_people(alone), 37)
    assert np.isfinite(fitted.embeddings).all()
    assert np.isfinite(fitted.candidates).all()
