"""EASE's matrix and its reduction."""

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.trainer.people import histories_of, random_lists
from trainer.retrieval.encoder import RetrievalEncoder
from trainer.retrieval.item_to_item import ItemPart, ease, reduce, watched_matrix
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

NUM_MOVIES, PENALTY = 9, 2.0
PEOPLE = histories_of(*random_lists(25, NUM_MOVIES, length=4))
WATCHED = watched_matrix(PEOPLE, NUM_MOVIES).toarray()


def test_watched_matrix_marks_the_history():
    assert watched_matrix(histories_of([(2, 5.0), (0, 1.0)], []), 3).toarray().tolist() == [[1, 0, 1], [0, 0, 0]]


def test_ease_is_the_best_prediction_of_each_movie_from_all_others():
    weights = ease(PEOPLE, NUM_MOVIES, PENALTY)
    for movie in range(NUM_MOVIES):
        others = np.delete(np.arange(NUM_MOVIES), movie)
        normal = WATCHED[:, others].T @ WATCHED[:, others] + PENALTY * np.eye(len(others))
        by_hand = np.linalg.solve(normal, WATCHED[:, others].T @ WATCHED[:, movie])
        assert weights[others, movie] == pytest.approx(by_hand)
        assert weights[movie, movie] == 0


def test_at_full_rank_the_part_scores_known_people_as_ease_does():
    weights = ease(PEOPLE, NUM_MOVIES, PENALTY)
    part = reduce(weights, PEOPLE, rank=NUM_MOVIES)
    assert WATCHED @ part.to_query @ part.candidates.T == pytest.approx(WATCHED @ weights, abs=1e-4)


def test_fewer_axes_lose_the_least_there_is_to_lose():
    """Eckart and Young: what is lost is what the singular values beyond the rank hold."""
    scores = WATCHED @ ease(PEOPLE, NUM_MOVIES, PENALTY)
    part = reduce(ease(PEOPLE, NUM_MOVIES, PENALTY), PEOPLE, rank=3)
    lost = np.linalg.norm(WATCHED @ part.to_query @ part.candidates.T - scores)
    assert lost == pytest.approx(np.linalg.norm(np.linalg.svd(scores, compute_uv=False)[3:]), rel=1e-3)


def test_the_joined_encoder_adds_both_scores():
    factors = np.random.default_rng(0).normal(size=(NUM_MOVIES, 2)).astype(np.float32)
    ridge = Ridge(RidgeSettings(dim=2), RatingScale(1.0, 5.0))
    part = reduce(ease(PEOPLE, NUM_MOVIES, PENALTY), PEOPLE, rank=4)
    alone = RetrievalEncoder(factors, ridge, ItemPart.none(NUM_MOVIES))
    joined = alone.joined(part.scaled(0.5))
    rows, ratings = map(tf.constant, PEOPLE.padded(np.arange(len(PEOPLE))))

    def scores(encoder):
        return encoder.encode(rows, ratings).numpy() @ encoder.candidates.T

    item = WATCHED @ part.to_query @ part.candidates.T
    assert scores(joined) == pytest.approx(scores(alone) + 0.5 * item, abs=1e-4)
