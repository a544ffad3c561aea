"""The systems a release is compared with do what their papers say."""

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of, random_lists
from trainer.baselines import BiasModel, popularity
from trainer.retrieval.item_to_item import Ease

NUM_MOVIES = 7
LISTS = random_lists(num_people=20, num_movies=NUM_MOVIES, length=3)


def watched():
    """[people, movies], 1 where watched."""
    matrix = np.zeros((len(LISTS), NUM_MOVIES))
    for person, owned in enumerate(LISTS):
        matrix[person, [row for row, _ in owned]] = 1
    return matrix


def test_popularity_scores_by_how_many_rated_it():
    score = popularity(histories_of([(2, 1.0), (0, 5.0)], [(2, 3.0)]), 4)
    assert score(np.array([0, 1])).tolist() == [[1, 0, 2, 0]] * 2


def test_ease_does_not_explain_a_movie_by_itself():
    """Someone who watched a single movie gets a score of 0 for it."""
    single = [[(row, 5.0)] for row in range(NUM_MOVIES)]
    score = Ease(histories_of(*LISTS, *single), NUM_MOVIES, penalty=2.0).scores
    assert np.diag(score(len(LISTS) + np.arange(NUM_MOVIES))) == pytest.approx(0)


def test_ease_is_each_movies_ridge_regression_on_all_others():
    matrix, penalty, movie = watched(), 2.0, 4
    others = np.delete(matrix, movie, axis=1)
    weights = np.linalg.solve(others.T @ others + penalty * np.eye(NUM_MOVIES - 1), others.T @ matrix[:, movie])
    score = Ease(histories_of(*LISTS), NUM_MOVIES, penalty).scores
    assert score(np.arange(len(LISTS)))[:, movie] == pytest.approx(others @ weights)


def test_bias_model_recovers_what_movies_and_people_add():
    person, movie = np.array([-1.0, 0.0, 1.0]), np.array([-0.5, 0.5])
    histories = histories_of(*([(row, 3 + p + movie[row]) for row in range(2)] for p in person))
    model = BiasModel(histories, 2, damping=(0.0, 0.0))
    assert model.predict(histories.owners, histories.rows) == pytest.approx(histories.ratings)


def test_bias_model_does_not_count_for_a_person_what_their_movies_add():
    """Everyone is alike; one of them has seen only the better movie."""
    both = [(0, 4.0), (1, 2.0)]
    model = BiasModel(histories_of(*[both] * 30, [(0, 4.0)], [(1, 2.0)]), 2, damping=(0.0, 0.0))
    assert model.predict(np.array([30, 31]), np.array([1, 0])) == pytest.approx([2, 4], abs=0.1)


def test_bias_model_shrinks_towards_the_mean():
    """One rating of 5 beside a mean of 3: the movie keeps 2 / (1 + 10) of it; nobody rated movie 2."""
    histories = histories_of([(0, 5.0)], [(1, 1.0)])
    people = BiasModel(histories, 3, damping=(10.0, 1e12))
    assert people.predict(np.array([0, 0, 0]), np.arange(3)) == pytest.approx([3 + 2 / 11, 3 - 2 / 11, 3])
