"""The notebooks' own protocols, where the answer is known."""

import numpy as np
import pytest
import tensorflow as tf

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.evaluate.named import by_notebook, split_by_person, split_shuffled
from trainer.evaluate.splits import TrainTest
from trainer.metrics import means
from trainer.towers.id_towers import IdTowerSettings
from trainer.towers.models import NamedModel

DATASET = dataset_of(*random_lists(num_people=12, num_movies=30, length=20), num_movies=30)


def test_a_fifth_of_each_person_is_the_test_and_a_tenth_is_in_neither_part():
    train, test = split_by_person(DATASET, 1)
    assert np.bincount(test.user).tolist() == [4] * 12
    assert np.bincount(train.user).tolist() == [14] * 12
    assert not set(zip(test.user, test.row, strict=True)) & set(zip(train.user, train.row, strict=True))


def test_the_shuffle_is_the_same_whatever_was_seeded_before():
    first = split_shuffled(DATASET)
    tf.random.set_seed(5)
    second = split_shuffled(DATASET)
    assert (len(first.train.row), len(first.test.row)) == (192, 48)
    assert first.test.timestamp.tolist() == second.test.timestamp.tolist()
    assert set(first.test.timestamp) | set(first.train.timestamp) == set(range(240))


def test_seen_movies_are_in_the_running():
    """Tested on the very rows that were learned: even people rate the even half of 40 movies, odd ones the odd."""
    dataset = dataset_of(*[[(row, 4.0) for row in range(i % 2, 40, 2)] for i in range(10)], num_movies=40)
    towers = IdTowerSettings(0.0, 1.0, dim=8, batch_size=25, epochs=30)
    figures = means(by_notebook(NamedModel("retrieval", "", towers), TrainTest(dataset, dataset), 1))
    assert figures["top_100"] == 1.0
    assert [figures[f"top_{depth}"] for depth in (1, 5, 10)] == pytest.approx([1 / 20, 5 / 20, 10 / 20])
    assert figures["rmse"] == pytest.approx(0.0, abs=0.01)
