"""Protocol P1: one random split of MovieLens-100K, on which published figures can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.evaluate.served import Objective, ServedRelease
from trainer.histories import Histories
from trainer.metrics import liked, ranking_metrics, rmse

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.dataset import Dataset

SPLIT_SEED = 37
TRAIN_SHARE = 0.8


def split(dataset: Dataset) -> tuple[Dataset, Dataset]:
    """Returns train and test: the first 80 % of a fixed permutation of the rows in file order, and the rest.

    Test rows of a movie that the person has in train (another id of the same movie) are dropped.
    """
    order = np.random.RandomState(SPLIT_SEED).permutation(len(dataset.rating))
    size = round(TRAIN_SHARE * len(order))
    train, test = dataset.take(order[:size]), dataset.take(order[size:]).latest()
    num_movies = len(dataset.movies)
    pairs = test.user.astype(np.int64) * num_movies + test.row
    return train, test.take(~np.isin(pairs, train.user.astype(np.int64) * num_movies + train.row))


def measure(root: Path, version: int, test: Dataset) -> dict[str, dict[str, float]]:
    """Measures a release fitted to the train part: lists by both objectives, and stars.

    Returns:
        "watch": every test row is relevant; "watch_liked": the same lists, judged by what was liked; "like": LIKE's
        lists, judged so too; "stars": root mean squared error.
    """
    release = ServedRelease(root, version, test.user_ids.tolist())
    held_back, liked_rows = Histories.of_people(test), Histories.of_people(liked(test))
    people = np.flatnonzero(held_back.lengths)
    watch = release.lists(people, Objective.WATCH)
    like = release.lists(people, Objective.LIKE)
    return {
        "watch": ranking_metrics(watch, held_back, people),
        "watch_liked": ranking_metrics(watch, liked_rows, people),
        "like": ranking_metrics(like, liked_rows, people),
        "stars": {"rmse": rmse(release.stars(held_back), held_back.ratings)},
    }
