"""The map from tastes to people, where what it must learn is known."""

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.trainer.people import histories_of, random_lists
from trainer.release.tastes import LEAN, TasteMap, fit_tastes, mean_genre_ratings
from trainer.retrieval.ridge import RatingScale

# Movies 0 and 1 are comedies, 1 and 2 dramas, nothing is a war film.
FLAGS = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float32)
CANDIDATES = np.array([[1, 0], [1, 1], [0, 1]], np.float32)
HISTORIES = histories_of([(0, 5.0), (1, 3.0)], [(2, 1.0)], [(1, 2.0)])
EMBEDDINGS = np.array([[2, 0, 9], [0, 2, 7], [1, 1, 8]], np.float32)

SCALE = RatingScale(1.0, 5.0)


@pytest.fixture
def tastes():
    return fit_tastes(HISTORIES, EMBEDDINGS, CANDIDATES, FLAGS, SCALE)


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


def test_a_genre_leads_to_its_movies_as_far_as_people_tell_movies_apart(tastes):
    """By the root of how often movies were rated, a genre's own score 1 more than all: by LEAN spreads a star."""
    weights = np.sqrt([1, 2, 1])
    scores = CANDIDATES @ tastes.towards[:, :2].T
    lift = [np.average(scores[:, g], weights=weights * FLAGS[:, g]) for g in (0, 1)]
    lift -= np.average(scores[:, :2], axis=0, weights=weights)
    spread = np.sqrt((EMBEDDINGS[:, :2] @ CANDIDATES.T).var(axis=1).mean())
    assert lift == pytest.approx(LEAN * spread, rel=1e-4)
    assert tastes.towards[:, 2] == pytest.approx(0)


def test_a_rare_genre_leads_to_its_own_movies_past_better_known_ones():
    """A western that one of a hundred knows has an embedding of its own, though a short one."""
    candidates = np.array([[1, 0], [0.9, 0], [0.1, 0.1]], np.float32)
    people = histories_of(*([(0, 5.0), (1, 4.0)] for _ in range(99)), [(2, 3.0), (0, 1.0)])
    embeddings = np.column_stack((np.ones(100), np.linspace(0, 1, 100), np.zeros(100)))
    tastes = fit_tastes(people, embeddings, candidates, np.array([[0], [0], [1]], np.float32), SCALE)
    by_taste = tastes.encode(tf.constant([[5.0]])).numpy()[:, :2]
    assert np.argmax(candidates @ by_taste[0]) == 2


def test_every_further_genre_makes_each_count_less():
    usual, towards = np.full(4, 3.0, np.float32), np.eye(4, dtype=np.float32)
    tastes = TasteMap(usual, np.zeros(4, np.float32), np.zeros((4, 4), np.float32), towards)
    stated = np.where(np.tri(4), 5.0, np.nan).astype(np.float32)
    assert tastes.encode(stated).numpy()[:, 0] == pytest.approx([2.0, 2 * 0.75 / 2, 2 * 0.5 / 3, 2 * 0.25 / 4])


def test_the_learned_part_is_ridge_regression():
    """Many people who each rated comedies alone, 1 or 5 stars; an embedding coordinate follows with slope 3."""
    stars = np.tile([1.0, 5.0], 500)
    histories = histories_of(*([(0, value)] for value in stars))
    embeddings = np.column_stack((3 * stars, np.zeros(1000)))
    tastes = fit_tastes(histories, embeddings, CANDIDATES[:, :1], FLAGS, SCALE)
    squares = 1000 * 2.0**2
    assert tastes.learned[0] == pytest.approx([3 * squares / (squares + 100), 0])


def test_the_unit_of_stars_does_not_matter():
    """Stars times 20, from 20 to 100: who says 20 times as many stars is the same person."""
    lists, random = random_lists(40, 3, 2), np.random.default_rng(0)
    embeddings, stated = random.normal(size=(40, 3)), np.float32([[5, np.nan, 1], [2, 4, np.nan]])
    small, large = (
        fit_tastes(
            histories_of(*([(row, stars * unit) for row, stars in own] for own in lists)),
            embeddings,
            CANDIDATES,
            FLAGS,
            RatingScale(unit, 5 * unit),
        ).encode(stated * unit)
        for unit in (1.0, 20.0)
    )
    assert large.numpy() == pytest.approx(small.numpy(), rel=1e-4)


def test_movies_without_genres_give_a_map_that_says_nothing(tastes):
    silent = fit_tastes(HISTORIES, EMBEDDINGS, CANDIDATES, np.zeros_like(FLAGS), SCALE)
    assert silent.base == pytest.approx(tastes.base)
    assert np.isfinite(silent.usual).all()
    assert not silent.learned.any()
    assert not silent.towards.any()
