"""The map from tastes to people, where what it must learn is known."""

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of
from trainer.release.tastes import fit_tastes, mean_genre_ratings

# Movies 0 and 1 are comedies, 1 and 2 dramas, nothing is a war film.
FLAGS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
CANDIDATES = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
HISTORIES = histories_of([(0, 5.0), (1, 3.0)], [(2, 1.0)], [(1, 2.0)])
EMBEDDINGS = np.array([[2, 0, 9], [0, 2, 7], [1, 1, 8]], np.float32)


@pytest.fixture
def tastes():
    return fit_tastes(HISTORIES, EMBEDDINGS, CANDIDATES, FLAGS)


def test_mean_stars_a_genre_are_nan_where_nothing_of_it_was_rated():
    by_hand = [[4, 3, np.nan], [np.nan, 1, np.nan], [2, 2, np.nan]]
    assert mean_genre_ratings(HISTORIES, FLAGS) == pytest.approx(np.array(by_hand), nan_ok=True)


def test_usual_stars_are_the_mean_over_people_and_over_all_where_nobody_rated(tastes):
    assert tastes.usual == pytest.approx([3.0, 2.0, 11 / 4])


def test_usual_tastes_are_the_average_person(tastes):
    assert tastes.base == pytest.approx([1, 1, 8])


def test_a_genre_nobody_rated_moves_nobody(tastes):
    assert tastes.learned[2] == pytest.approx(0)
    assert tastes.towards[2] == pytest.approx(0)


def test_naming_a_genre_leans_towards_its_movies_and_leaves_stars_alone(tastes):
    """By how often movies were rated: comedies are (1, 2/3) on average, everything (3/4, 3/4)."""
    assert tastes.towards[0] == pytest.approx([1 / 4, -1 / 12, 0])
    assert tastes.towards[1] == pytest.approx([-1 / 12, 1 / 4, 0])


def test_the_learned_part_is_ridge_regression():
    """Many people who each rated comedies alone, 1 or 5 stars; an embedding coordinate follows with slope 3."""
    stars = np.tile([1.0, 5.0], 500)
    histories = histories_of(*([(0, value)] for value in stars))
    embeddings = np.column_stack((3 * stars, np.zeros(1000)))
    tastes = fit_tastes(histories, embeddings, CANDIDATES[:, :1], FLAGS)
    squares = 1000 * 2.0**2
    assert tastes.learned[0] == pytest.approx([3 * squares / (squares + 100), 0])


def test_movies_without_genres_give_a_map_that_says_nothing(tastes):
    silent = fit_tastes(HISTORIES, EMBEDDINGS, CANDIDATES, np.zeros_like(FLAGS))
    assert silent.base == pytest.approx(tastes.base)
    assert np.isfinite(silent.usual).all()
    assert not silent.learned.any()
    assert not silent.towards.any()
