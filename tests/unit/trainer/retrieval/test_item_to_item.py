"""EASE's matrix and its reduction."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import histories_of, lists_of_entries, random_lists
from trainer.histories import Histories
from trainer.retrieval.encoder import RetrievalEncoder
from trainer.retrieval.item_to_item import MAX_SIDE, Ease, ItemPart, watched_matrix
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

NUM_MOVIES, PENALTY = 9, 2.0
LISTS = random_lists(25, NUM_MOVIES, length=4)
PEOPLE = histories_of(*LISTS)
WATCHED = watched_matrix(PEOPLE, NUM_MOVIES).toarray()


def test_watched_matrix_marks_the_history():
    assert watched_matrix(histories_of([(2, 5.0), (0, 1.0)], []), 3).toarray().tolist() == [[1, 0, 1], [0, 0, 0]]


def weights_by_hand(watched, penalty):
    """EASE as its paper has it, by the movies' Gram matrix, [m, m]."""
    inverse = np.linalg.inv(watched.T @ watched + penalty * np.eye(watched.shape[1]))
    return np.where(np.eye(len(inverse)), 0.0, -inverse / np.diag(inverse))


@given(lists_of_entries(max_people=14), st.floats(0.5, 500.0))
def test_scores_are_the_same_by_people_and_by_movies(lists, penalty):
    """Up to 14 people and 8 movies: the smaller of the two is what is inverted."""
    histories = histories_of(*lists)
    watched = watched_matrix(histories, 8).toarray()
    scores = Ease(histories, 8, penalty).scores(np.arange(len(lists)))
    assert scores == pytest.approx(watched @ weights_by_hand(watched, penalty), abs=1e-6)


@pytest.mark.parametrize("few", [PEOPLE, histories_of(*LISTS[:5])], ids=["by movies", "by people"])
def test_at_full_rank_the_part_scores_known_people_as_ease_does(few):
    ease = Ease(few, NUM_MOVIES, PENALTY)
    part, everyone = ease.reduced(rank=NUM_MOVIES), np.arange(len(few))
    watched = watched_matrix(few, NUM_MOVIES)
    assert watched @ part.to_query @ part.candidates.T == pytest.approx(ease.scores(everyone), abs=1e-4)


@pytest.mark.parametrize("few", [PEOPLE, histories_of(*LISTS[:5])], ids=["by movies", "by people"])
def test_strangers_are_scored_by_the_weights_too(few):
    """The axes span what known people can score; within them a stranger gets what the weights say."""
    stranger = np.eye(NUM_MOVIES)[3] + np.eye(NUM_MOVIES)[6]
    part = Ease(few, NUM_MOVIES, PENALTY).reduced(NUM_MOVIES)
    weights = weights_by_hand(watched_matrix(few, NUM_MOVIES).toarray(), PENALTY)
    assert stranger @ part.to_query == pytest.approx(stranger @ weights @ part.candidates, abs=1e-4)


def test_fewer_axes_lose_the_least_there_is_to_lose():
    """Eckart and Young: what is lost is what the singular values beyond the rank hold."""
    ease = Ease(PEOPLE, NUM_MOVIES, PENALTY)
    scores, part = ease.scores(np.arange(len(PEOPLE))), ease.reduced(rank=3)
    lost = np.linalg.norm(WATCHED @ part.to_query @ part.candidates.T - scores)
    assert lost == pytest.approx(np.linalg.norm(np.linalg.svd(scores, compute_uv=False)[3:]), rel=1e-3)


def test_the_first_axes_of_more_are_those_of_fewer():
    ease = Ease(PEOPLE, NUM_MOVIES, PENALTY)
    taken, fewer = ease.reduced(rank=6).taken(3, weight=2.0), ease.reduced(rank=3)
    assert taken.candidates == pytest.approx(fewer.candidates)
    assert taken.to_query == pytest.approx(2 * fewer.to_query)


def test_axes_are_chosen_by_people_from_all_over_the_data(monkeypatch):
    """The later half of the people watch other movies; axes by as many people as a half has serve them too."""
    monkeypatch.setattr("trainer.retrieval.item_to_item.MAX_PEOPLE", 20)
    early, late = random_lists(20, 4, length=2), random_lists(20, 4, length=2, seed=1)
    people = histories_of(*early, *[[(row + 4, stars) for row, stars in owned] for owned in late])
    ease, everyone = Ease(people, 8, PENALTY), np.arange(40)
    part = ease.reduced(rank=8)
    scored = watched_matrix(people, 8) @ part.to_query @ part.candidates.T
    assert scored[20:] == pytest.approx(ease.scores(everyone)[20:], abs=1e-4)


@pytest.mark.parametrize("few", [PEOPLE, histories_of(*LISTS[:5])], ids=["by movies", "by people"])
def test_others_are_scored_by_the_same_weights(few):
    strangers = np.random.default_rng(4).integers(0, 2, (6, NUM_MOVIES)).astype(float)
    weights = weights_by_hand(watched_matrix(few, NUM_MOVIES).toarray(), PENALTY)
    scores = Ease(few, NUM_MOVIES, PENALTY).scores_of_others(strangers)
    assert scores == pytest.approx(strangers @ weights, abs=1e-6)


def test_only_where_people_and_movies_are_many_ease_is_not_affordable():
    crowd = Histories(np.zeros(MAX_SIDE + 2, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    assert Ease.is_affordable(crowd, MAX_SIDE)
    assert Ease.is_affordable(PEOPLE, 10 * MAX_SIDE)
    assert not Ease.is_affordable(crowd, MAX_SIDE + 1)


def test_the_joined_encoder_adds_both_scores():
    factors = np.random.default_rng(0).normal(size=(NUM_MOVIES, 2)).astype(np.float32)
    ridge = Ridge(RidgeSettings(dim=2), RatingScale(1.0, 5.0))
    part = Ease(PEOPLE, NUM_MOVIES, PENALTY).reduced(rank=4)
    alone = RetrievalEncoder(factors, ridge, ItemPart.none(NUM_MOVIES))
    joined = alone.joined(part.taken(4, weight=0.5))
    rows, ratings = map(tf.constant, PEOPLE.padded(np.arange(len(PEOPLE))))

    def scores(encoder):
        return encoder.encode(rows, ratings).numpy() @ encoder.candidates.T

    item = WATCHED @ part.to_query @ part.candidates.T
    assert scores(joined) == pytest.approx(scores(alone) + 0.5 * item, abs=1e-4)
