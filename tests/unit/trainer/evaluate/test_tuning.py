"""Baselines get settings that suit the data they are fitted to."""

from dataclasses import replace

import pytest

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.choose_item import Slices
from trainer.evaluate.accuracy import NO_EASE, SplitMeasure
from trainer.evaluate.served import ServedRelease
from trainer.evaluate.splits import TrainTest
from trainer.evaluate.svd_plus_plus import SvdPlusPlusSettings
from trainer.evaluate.tuning import HELD_BACK, Tuning
from trainer.fit import ItemSettings
from trainer.histories import Histories
from trainer.retrieval.item_to_item import MAX_SIDE, Ease

NUM_MOVIES = 30
START = SvdPlusPlusSettings()


def test_stars_by_chance_are_penalised_more_than_those_of_movielens():
    """There is nothing to learn but the mean."""
    by_chance = dataset_of(*random_lists(200, NUM_MOVIES, 20), num_movies=NUM_MOVIES)
    tuned = Tuning(by_chance, seed=1).svd_plus_plus
    assert tuned.penalty > START.penalty
    assert replace(tuned, penalty=START.penalty, learning_rate=START.learning_rate) == START


def test_ease_gets_the_penalty_whose_neighbours_are_no_better():
    dataset = dataset_of(*random_lists(200, NUM_MOVIES, 20), num_movies=NUM_MOVIES)
    tuning = Tuning(dataset, seed=1)
    best, start = tuning.ease_penalty, ItemSettings().penalty
    slices = Slices(*Histories.of_people(dataset).split(HELD_BACK, 1))

    def quality(penalty):
        return slices.quality(Ease(slices.histories, NUM_MOVIES, penalty).scores)

    assert quality(best) > quality(start)
    assert quality(best) >= max(quality(factor * best) for factor in (0.5, 2**-0.5, 2**0.5, 2))
    assert tuning.budget_spent == []


def test_a_rate_of_learning_that_is_too_high_is_halved(monkeypatch):
    monkeypatch.setattr("trainer.evaluate.tuning.SvdPlusPlusSettings", lambda: replace(START, learning_rate=0.5))
    lists = [[(row, 1.0 + row % 5) for row, _ in owned] for owned in random_lists(15, NUM_MOVIES, 20)]
    assert Tuning(dataset_of(*lists, num_movies=NUM_MOVIES), seed=1).svd_plus_plus.learning_rate < 0.5


def test_baselines_whose_time_ran_out_are_named(monkeypatch):
    monkeypatch.setattr("trainer.evaluate.tuning.BUDGET_SECONDS", -1.0)
    tuning = Tuning(dataset_of(*random_lists(20, NUM_MOVIES, 5), num_movies=NUM_MOVIES), seed=1)
    assert (tuning.ease_penalty, tuning.svd_plus_plus) == (ItemSettings().penalty, START)
    assert tuning.budget_spent == ["ease", "svd_plus_plus"]


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
