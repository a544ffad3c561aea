"""Cuts interactions into slices: what models learn from, what settings are chosen on, what is reported."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset

# Nobody else is judged by: scores of everyone and every movie would take hours on large data, and say the same.
MAX_JUDGED = 10_000


@dataclass(frozen=True)
class Split:
    """One data set in three parts with the same people, movies and row numbers; `seen` is all but the test part.

    Attributes:
        train: What models learn from.
        validation: What settings are chosen on.
        test: What is reported.
        seen: All but `test`.
        judged: [j] the people of whom anything may be held back, at most `MAX_JUDGED`, ascending.
    """

    train: Dataset
    validation: Dataset
    test: Dataset
    seen: Dataset
    judged: np.ndarray


def random_split(dataset: Dataset, held_back: float, seed: int, max_judged: int = MAX_JUDGED) -> Split:
    """Cuts off two random slices, each the share `held_back` of all interactions of those who are judged.

    Where there are more than `max_judged` people, so many are drawn; of the others everything is learned from.
    """
    generator = np.random.default_rng(seed)
    num_people = len(dataset.user_ids)
    judged = np.arange(num_people)
    if num_people > max_judged:
        judged = np.sort(generator.choice(num_people, max_judged, replace=False))
    may_be_held = (
        np.flatnonzero(np.isin(dataset.user, judged)) if num_people > max_judged else np.arange(len(dataset.user))
    )
    order = generator.permutation(may_be_held)
    size = round(held_back * len(order))
    in_validation, in_test = np.zeros((2, len(dataset.user)), bool)
    in_validation[order[:size]] = in_test[order[size : 2 * size]] = True
    return Split(
        train=dataset.take(~(in_validation | in_test)),
        validation=dataset.take(in_validation),
        test=dataset.take(in_test),
        seen=dataset.take(~in_test),
        judged=judged,
    )
