"""Slices of the data are disjoint and together the data."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.split import random_split

DATASET = dataset_of(*random_lists(num_people=6, num_movies=12, length=5), num_movies=12)


def times(dataset):
    """The times of the interactions: all different, so they name them."""
    return dataset.timestamp.tolist()


@given(st.floats(0, 0.5), st.integers(0, 2**32 - 1))
def test_slices_are_disjoint_and_cover_everything(held_back, seed):
    split = random_split(DATASET, held_back, seed)
    parts = times(split.train) + times(split.validation) + times(split.test)
    assert sorted(parts) == times(DATASET)
    assert len(split.validation.row) == len(split.test.row) == round(held_back * len(DATASET.row))


@given(st.floats(0, 0.5), st.integers(0, 2**32 - 1))
def test_seen_is_all_but_the_test_slice_and_order_is_kept(held_back, seed):
    split = random_split(DATASET, held_back, seed)
    assert times(split.seen) == sorted(times(split.train) + times(split.validation))
    assert all(times(part) == sorted(times(part)) for part in (split.train, split.validation, split.test))


def test_the_seed_decides():
    first, again, other = (times(random_split(DATASET, 0.2, seed).test) for seed in (1, 1, 2))
    assert first == again != other


def test_people_and_movies_stay_as_they_are():
    split = random_split(DATASET, 0.5, 0)
    assert split.train.movies == DATASET.movies
    assert split.train.user_ids is DATASET.user_ids


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_of_no_more_people_than_are_judged_anything_is_held_back(max_judged, seed):
    split = random_split(DATASET, 0.3, seed, max_judged)
    held = np.concatenate((split.validation.user, split.test.user))
    assert len(split.judged) == max_judged
    assert set(held.tolist()) <= set(split.judged.tolist())
    assert len(split.test.user) == round(0.3 * np.isin(DATASET.user, split.judged).sum())
    assert sorted(times(split.seen) + times(split.test)) == times(DATASET)


def test_everyone_is_judged_where_people_are_few():
    assert random_split(DATASET, 0.1, 0).judged.tolist() == list(range(6))
