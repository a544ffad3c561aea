"""The splits on which published figures are compared."""

from dataclasses import replace
from itertools import chain

import numpy as np
import pytest

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.data import DataError
from trainer.evaluate import splits

# Some movies twice: the same movie under two ids.
LISTS = [owned + owned[:2] for owned in random_lists(num_people=10, num_movies=12, length=8)]
DATASET = dataset_of(*LISTS, num_movies=12)
EVERY_SPLIT = {
    "p1": splits.split_p1(DATASET),
    "fold": next(iter(splits.split_folds(DATASET, seed=1))),
    "time": splits.split_by_time(DATASET),
    "movie": splits.split_by_movie(DATASET, seed=1),
}


def entries(dataset):
    return list(zip(dataset.user.tolist(), dataset.row.tolist(), strict=True))


@pytest.mark.parametrize("split", EVERY_SPLIT.values(), ids=EVERY_SPLIT)
def test_test_rows_are_none_of_train_and_none_twice(split):
    train, test = map(entries, split)
    assert not set(train) & set(test)
    assert len(test) == len(set(test))
    assert set(train) | set(test) == set(entries(DATASET))


def test_p1_trains_on_the_first_four_fifths_of_a_fixed_permutation():
    order = np.random.RandomState(37).permutation(100)
    assert EVERY_SPLIT["p1"].train.timestamp.tolist() == order[:80].tolist()


def test_every_row_is_in_the_test_part_of_one_fold():
    once = dataset_of(*random_lists(num_people=10, num_movies=12, length=8), num_movies=12)
    parts = [test.timestamp.tolist() for _, test in splits.split_folds(once, seed=1)]
    assert [len(part) for part in parts] == [16] * 5
    assert sorted(chain.from_iterable(parts)) == list(range(80))


def test_the_last_fifth_of_each_person_is_predicted_from_what_came_before():
    """Ten ratings leave the last two, nine the last one, four none; times run backwards through the file."""
    lengths = (10, 9, 4)
    dataset = dataset_of(*([(row, 3.0) for row in range(length)] for length in lengths), num_movies=10)
    backwards = dataset.take(np.arange(sum(lengths))[::-1])
    _, test = splits.split_by_time(backwards)
    assert sorted(entries(test)) == [(0, 8), (0, 9), (1, 8)]


def test_rows_of_one_second_are_in_file_order():
    """The last two of each person's rows in the file are held back, whatever movies they are of."""
    dataset = dataset_of([(row, 3.0) for row in (7, 3, 9, 1, 8, 2, 6, 0, 5, 4)], num_movies=10)
    hour = dataset.timestamp // 9
    assert entries(splits.split_by_time(replace(dataset, timestamp=hour)).test) == [(0, 5), (0, 4)]


def test_without_times_there_is_no_order_of_time():
    """Two people, each of whose ratings are all of one second."""
    dataset = dataset_of(*random_lists(2, 12, length=8), num_movies=12)
    with pytest.raises(DataError, match="no order of time"):
        splits.split_by_time(replace(dataset, timestamp=dataset.user.astype(np.int64)))


def test_three_quarters_of_each_movie_are_train_and_a_single_row_is_test():
    """Eight people rated movie 0, two movie 1, one movie 2."""
    lists = [[(0, 3.0)] for _ in range(8)]
    lists[0] += [(1, 3.0), (2, 3.0)]
    lists[1] += [(1, 3.0)]
    train, test = splits.split_by_movie(dataset_of(*lists, num_movies=4), seed=1)
    assert np.bincount(train.row, minlength=4).tolist() == [6, 1, 0, 0]
    assert np.bincount(test.row, minlength=4).tolist() == [2, 1, 1, 0]
