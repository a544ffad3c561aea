"""Baselines get settings that suit the data they are fitted to."""

from dataclasses import replace

import pytest

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.evaluate.accuracy import NO_EASE, SplitMeasure
from trainer.evaluate.served import ServedRelease
from trainer.evaluate.splits import TrainTest
from trainer.evaluate.svd_plus_plus import SvdPlusPlusSettings
from trainer.evaluate.tuning import Tuning
from trainer.retrieval.item_to_item import MAX_SIDE

NUM_MOVIES = 30
START = SvdPlusPlusSettings()


def test_stars_by_chance_are_penalised_more_than_those_of_movielens():
    """There is nothing to learn but the mean."""
    by_chance = dataset_of(*random_lists(200, NUM_MOVIES, 20), num_movies=NUM_MOVIES)
    tuned = Tuning(by_chance, seed=1).svd_plus_plus
    assert tuned.penalty > START.penalty
    assert replace(tuned, penalty=START.penalty, learning_rate=START.learning_rate) == START


@pytest.fixture
def crowd():
    """One person and one movie more than can be inverted; hardly anyone rated anything."""
    lists = [[(0, 5.0), (1, 1.0)]] + [[]] * MAX_SIDE
    return dataset_of(*lists, num_movies=MAX_SIDE + 1)


def test_where_ease_is_not_affordable_it_is_left_out_and_that_is_said(crowd, small_release):
    assert Tuning(crowd, seed=1).ease_penalty is None
    dataset = small_release.dataset
    served = ServedRelease(small_release.root, 1, dataset.user_ids.tolist())
    measure = SplitMeasure(TrainTest(dataset, dataset.take(slice(0, 50))), seed=1, tuning=Tuning(crowd, seed=1))
    measured = measure.lists(served)
    assert "ease" not in measured.parts["watch"]
    assert measured.details["ease_penalty"] == NO_EASE


def test_without_anything_to_choose_by_the_start_is_kept():
    nothing = dataset_of([(0, 5.0)], [(1, 3.0)], num_movies=3)
    assert Tuning(nothing, seed=1).svd_plus_plus == START
    assert Tuning(nothing, seed=1).ease_penalty is not None
