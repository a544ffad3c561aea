"""How data is cut into what is trained on and what is measured on; the rules on which figures can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

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
    """Cuts off the last 20 % of each person's rows, rounded down; rows of one second in file order."""
    order = np.lexsort((dataset.timestamp, dataset.user))
    counts = np.bincount(dataset.user, minlength=len(dataset.user_ids))
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_last = place >= np.repeat(counts - (LAST_SHARE * counts).astype(int), counts)
    return _cut(dataset, np.sort(order[~is_last]), np.sort(order[is_last]))


def split_by_movie(dataset: Dataset, seed: int) -> TrainTest:
    """Cuts off a random quarter of each movie's rows; the only row of a movie is in test.

    Source: the rule of `python_stratified_split(ratio=0.75, filter_by="item")` of recommenders-team/recommenders.
    """
    shuffled = np.random.default_rng(seed).permutation(len(dataset.rating))
    order = shuffled[np.argsort(dataset.row[shuffled], kind="stable")]
    counts = np.bincount(dataset.row, minlength=len(dataset.movies))
    place = 1 + np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    is_train = place <= STRATIFIED_TRAIN_SHARE * np.repeat(counts, counts)
    return _cut(dataset, np.sort(order[is_train]), np.sort(order[~is_train]))


def _cut(dataset: Dataset, train_index: np.ndarray, test_index: np.ndarray) -> TrainTest:
    train, test = dataset.take(train_index), dataset.take(test_index).latest()
    return TrainTest(train, test.take(~np.isin(_pairs(test), _pairs(train))))


def _pairs(dataset: Dataset) -> np.ndarray:
    return dataset.user.astype(np.int64) * len(dataset.movies) + dataset.row
