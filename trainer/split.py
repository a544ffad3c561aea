"""Cuts interactions into slices: what models learn from, what settings are chosen on, what is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset


@dataclass(frozen=True)
class Split:
    """One data set in three parts with the same people, movies and row numbers; `seen` is all but the test part."""

    train: Dataset
    validation: Dataset
    test: Dataset
    seen: Dataset


def random_split(dataset: Dataset, held_back: float, seed: int) -> Split:
    """Cuts off two random slices, each the share `held_back` of all interactions."""
    order = np.random.default_rng(seed).permutation(len(dataset.rating))
    size = round(held_back * len(order))
    return Split(
        train=dataset.take(np.sort(order[2 * size :])),
        validation=dataset.take(np.sort(order[:size])),
        test=dataset.take(np.sort(order[size : 2 * size])),
        seen=dataset.take(np.sort(np.delete(order, np.s_[size : 2 * size]))),
    )
