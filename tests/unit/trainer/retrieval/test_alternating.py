"""Alternating least squares goes downhill on the objective it is named after."""

import numpy as np

from tests.unit.trainer.people import histories_of, random_lists
from trainer.retrieval.alternating import fit_candidates
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings, gram

NUM_PEOPLE, NUM_MOVIES = 15, 12
SETTINGS = RidgeSettings(dim=4)
RIDGE = Ridge(SETTINGS, RatingScale(1.0, 5.0))
HISTORIES = histories_of(*random_lists(NUM_PEOPLE, NUM_MOVIES, length=5))


def fitted(sweeps, seed=0):
    return fit_candidates(HISTORIES, NUM_MOVIES, RIDGE, sweeps, seed)


def objective(movies):
    """What is minimised, at the best people for the movies: iALS with penalties scaled by frequency."""
    people = RIDGE.encode(movies, gram(movies), *HISTORIES.padded(np.arange(NUM_PEOPLE))).numpy()
    scores = people @ movies.T
    targets = RIDGE.targets(HISTORIES.ratings).numpy()
    watched = ((scores[HISTORIES.owners, HISTORIES.rows] - targets) ** 2).sum()
    weight = SETTINGS.unobserved_weight
    of_people = HISTORIES.lengths + weight * NUM_MOVIES
    of_movies = HISTORIES.counts(NUM_MOVIES) + weight * NUM_PEOPLE
    penalty = (of_people @ (people**2).sum(axis=1)) + (of_movies @ (movies**2).sum(axis=1))
    return watched + weight * (scores**2).sum() + SETTINGS.regularization * penalty


def test_each_sweep_lowers_the_objective():
    values = [objective(fitted(sweeps)) for sweeps in range(6)]
    assert (np.diff(values) < 0).all()


def test_the_seed_decides():
    assert np.array_equal(fitted(2, seed=1), fitted(2, seed=1))
    assert not np.array_equal(fitted(2, seed=1), fitted(2, seed=2))


def test_a_movie_nobody_watched_is_zero():
    alone = fit_candidates(HISTORIES, NUM_MOVIES + 1, RIDGE, sweeps=1, seed=0)
    assert alone.shape == (NUM_MOVIES + 1, SETTINGS.dim)
    assert not alone[NUM_MOVIES].any()
