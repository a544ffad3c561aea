"""How data is cut into what is trained on and what is measured on; the rules on which figures can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trainer.data import DataError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.data.dataset import Dataset

P1_SEED = 37
P1_TRAIN_SHARE = 0.8
NUM_FOLDS = 5
LAST_SHARE = 0.2
STRATIFIED_TRAIN_SHARE = 0.75


class TrainTest(NamedTuple):
    """Two parts of one data set, with the same people, movies and row numbers.

    Test interactions are one a person and movie, and none of a movie that the person has in train, as it happens
    where one movie has several ids.
    """

    train: Dataset
    test: Dataset


def split_p1(dataset: Dataset) -> TrainTest:
    """Cuts by protocol P1: train is the first 80 % of a fixed permutation of the rows in file order."""
    order = np.random.RandomState(P1_SEED).permutation(len(dataset.rating))
    size = round(P1_TRAIN_SHARE * len(order))
    return _cut(dataset, order[:size], order[size:])


def split_folds(dataset: Dataset, seed: int) -> Iterator[TrainTest]:
    """Yields five splits; every row is in the test part of one of them."""
    fold = np.random.default_rng(seed).permutation(len(dataset.rating)) % NUM_FOLDS
    for number in range(NUM_FOLDS):
        yield _cut(dataset, np.flatnonzero(fold != number), np.flatnonzero(fold == number))


def split_by_time(dataset: Dataset) -> TrainTest:
    """Cuts off the last 20 % of each person's rows, rounded down, in the order of `places_in_time`."""
    place = places_in_time(dataset)
    counts = np.bincount(dataset.user)[dataset.user]
    is_last = place >= counts - (LAST_SHARE * counts).astype(int)
    return _cut(dataset, np.flatnonzero(~is_last), np.flatnonzero(is_last))


def split_by_movie(dataset: Dataset, seed: int) -> TrainTest:
    """Cuts off a random quarter of each movie's rows; the only row of a movie is in test.

    Source: the rule of `python_stratified_split(ratio=0.75, filter_by="item")` of recommenders-team/recommenders.
    """
    place = _places(dataset.row, np.random.default_rng(seed).permutation(len(dataset.row)))
    is_train = 1 + place <= STRATIFIED_TRAIN_SHARE * np.bincount(dataset.row)[dataset.row]
    return _cut(dataset, np.flatnonzero(is_train), np.flatnonzero(~is_train))


def places_in_time(dataset: Dataset) -> np.ndarray:
    """Returns how many rows of the same person come before each row [n]; those of one second are in file order.

    Raises:
        DataError: All times of each person are alike, so that there is no order.
    """
    order = np.lexsort((dataset.timestamp, dataset.user))
    user, timestamp = dataset.user[order], dataset.timestamp[order]
    if not ((user[1:] == user[:-1]) & (timestamp[1:] != timestamp[:-1])).any():
        none = "every person's ratings are all of one second, or have no times"
        raise DataError(f"{none}: no order of time; choose another protocol")
    return _places(dataset.user, order)


def _places(group: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Returns how many come before each of [n] in its own group, going by `order` [n]."""
    grouped = order[np.argsort(group[order], kind="stable")]
    counts = np.bincount(group)
    places = np.empty(len(group), np.int64)
    places[grouped] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places


def _cut(dataset: Dataset, train_index: np.ndarray, test_index: np.ndarray) -> TrainTest:
    train, test = dataset.take(train_index), dataset.take(test_index).latest()
    return TrainTest(train, test.take(~np.isin(_pairs(test), _pairs(train))))


def _pairs(dataset: Dataset) -> np.ndarray:
    return dataset.user.astype(np.int64) * len(dataset.movies) + dataset.row
