"""Every notebook's model is served as the default is: by the same signatures, under the same laws."""

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.release import stock_tensorflow
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


@pytest.mark.parametrize("name", ["multitask", "retrieval", "mf"])
def test_towers_of_ids_need_no_genres_and_no_second_person(generated, name):
    bare = replace(generated, genres=(), movies=tuple(replace(movie, genres=(), year=0) for movie in generated.movies))
    alone = bare.of_people(np.arange(60) == 3)
    fitted = NAMED[name].fit(alone, Histories.of_people(alone), 37)
    assert np.isfinite(fitted.embeddings).all()
    assert np.isfinite(fitted.candidates).all()


@pytest.mark.parametrize("name", NAMES)
def test_the_unit_of_stars_does_not_matter(generated, name):
    """Stars times 20 give stars times 20, and the same lists."""
    times_20 = replace(generated, rating=generated.rating * 20, rating_min=20.0, rating_max=100.0)
    model = NAMED[name]
    if model.content:
        model = replace(model, content=replace(model.content, epochs=1))
    small, large = (model.fit(data, Histories.of_people(data), 37) for data in (generated, times_20))
    people, rows = np.arange(60), np.arange(60)[::-1]
    assert large.predict_stars(people, rows) == pytest.approx(20 * small.predict_stars(people, rows), abs=0.02)
    assert large.retrieval_scores(people) == pytest.approx(small.retrieval_scores(people), abs=1e-3)
    encoded = [
        fitted.encoder.encode_all(fitted.histories)[:, : fitted.candidates.shape[1]] for fitted in (small, large)
    ]
    assert encoded[1] == pytest.approx(encoded[0], abs=1e-3)


@pytest.mark.parametrize("name", ["multitask", "mf"])
def test_a_movie_nobody_rated_is_no_random_one(generated, name):
    """Nothing is known of it: it is the mean of the rated ones in lists, and for stars too."""
    unknown = replace(generated.movies[7], genres=(), year=0)
    movies = (*generated.movies[:7], unknown, *generated.movies[8:])
    data = replace(generated, movies=movies).take(generated.row != 7)
    fitted = NAMED[name].fit(data, Histories.of_people(data), 37)
    rated = fitted.histories.counts(60) > 0
    assert fitted.candidates[7] == pytest.approx(fitted.candidates[rated].mean(axis=0), abs=1e-6)
    of_stars = fitted.stars._movies.numpy()
    assert of_stars[7] == pytest.approx(of_stars[rated].mean(axis=0), abs=1e-6)


def test_someone_without_ratings_is_a_stranger(generated):
    data = generated.take(generated.user != 4)
    fitted = NAMED["mf"].fit(data, Histories.of_people(data), 37)
    encoded = fitted.encoder.encode_all(fitted.histories)
    assert fitted.embeddings[4] == pytest.approx(encoded[4], abs=1e-6)
    assert fitted.embeddings[3] != pytest.approx(encoded[3], abs=1e-6)
