"""How well scores tell what households chose from what else was to be had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from trainer.person_metrics import PersonWise

if TYPE_CHECKING:
    from trainer.evaluate.households import Households

DEPTHS = (5, 10)


def judge_choices(households: Households, scores: np.ndarray) -> dict[str, PersonWise]:
    """Returns hit rates and NDCG by household, of scores [n, 1 + negatives] whose first column is what was chosen."""
    rated = np.isin(households.test.rows, households.people.row)
    values = choice_metrics(np.where(rated, scores, -np.inf))
    owner, count = households.test.household, len(households.members)
    lines = np.bincount(owner, minlength=count).astype(float)
    return {name: PersonWise(np.bincount(owner, value, minlength=count), lines) for name, value in values.items()}


def choice_metrics(scores: np.ndarray) -> dict[str, np.ndarray]:
    """Returns each line's hit rate and NDCG at 5 and 10, [n], of the first column of scores [n, c].

    Expected over all orders of equal scores: the first column is as likely in any place of its tie as in another.
    """
    higher = (scores > scores[:, :1]).sum(axis=1)
    alike = (scores == scores[:, :1]).sum(axis=1)
    places = np.arange(scores.shape[1])
    metrics = {}
    for depth in DEPTHS:
        for name, gain in (("hit_rate", np.ones(len(places))), ("ndcg", 1 / np.log2(2 + places))):
            summed = np.concatenate(([0.0], np.cumsum(np.where(places < depth, gain, 0.0))))
            metrics[f"{name}_at_{depth}"] = (summed[higher + alike] - summed[higher]) / alike
    return metrics
