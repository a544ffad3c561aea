"""How sure a metric is: intervals over people, and over the differences between systems judged by the same people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.person_metrics import PersonWise

RESAMPLES = 1_000
# Resamples drawn at once: a count for each of them and every person is held in memory.
RESAMPLES_A_BATCH = 50
# Of a 95 % interval.
PERCENTILES = (2.5, 97.5)


@dataclass(frozen=True)
class Estimate:
    """A metric, and the 95 % interval it may have among other people like these."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class SystemEstimates:
    """What one system reached, and how far the first system of the comparison is ahead of it by the same people."""

    system: str
    values: dict[str, Estimate]
    lead: dict[str, Estimate]


def estimate(metrics: Mapping[str, PersonWise], seed: int = 0) -> dict[str, Estimate]:
    """Returns metrics with intervals; those that nobody is judged by are left out."""
    [system] = compare({"": metrics}, seed)
    return system.values


def compare(systems: Mapping[str, Mapping[str, PersonWise]], seed: int = 0) -> list[SystemEstimates]:
    """Returns the metrics of systems that were judged by the same people, all from the same resamples of them.

    Source: Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979; percentile intervals.
    """
    metrics = {
        (system, name): metric
        for system, values in systems.items()
        for name, metric in values.items()
        if metric.is_judged()
    }
    if not metrics:
        return [SystemEstimates(system, {}, {}) for system in systems]
    values = dict(zip(metrics, _resample(list(metrics.values()), seed).T, strict=True))
    first = next(iter(systems))
    return [
        SystemEstimates(
            system,
            {name: _summarise(values[system, name]) for name in names if (system, name) in values},
            {
                name: _summarise(values[first, name] - values[system, name])
                for name in names
                if system != first and {(first, name), (system, name)} <= values.keys()
            },
        )
        for system, names in systems.items()
    ]


def _resample(metrics: Sequence[PersonWise], seed: int) -> np.ndarray:
    """Returns the metrics, then those of each resample of the people, [1 + RESAMPLES, metrics]."""
    totals = np.stack([metric.total for metric in metrics], axis=1)
    weights = np.stack([metric.weight for metric in metrics], axis=1)
    judged = (weights > 0).any(axis=1)
    totals, weights = totals[judged], weights[judged]
    is_root = np.array([metric.root for metric in metrics])
    num_people, generator = len(totals), np.random.default_rng(seed)
    values = [_ratios(totals.sum(axis=0), weights.sum(axis=0), is_root)[None]]
    for _ in range(RESAMPLES // RESAMPLES_A_BATCH):
        counts = generator.multinomial(num_people, np.full(num_people, 1 / num_people), RESAMPLES_A_BATCH)
        values.append(_ratios(counts @ totals, counts @ weights, is_root))
    return np.concatenate(values)


def _ratios(totals: np.ndarray, weights: np.ndarray, is_root: np.ndarray) -> np.ndarray:
    """Returns NaN where a resample holds nobody to judge by."""
    ratios = np.divide(totals, weights, out=np.full(totals.shape, np.nan), where=weights > 0)
    return np.where(is_root, np.sqrt(np.abs(ratios)), ratios)


def _summarise(values: np.ndarray) -> Estimate:
    low, high = np.nanpercentile(values[1:], PERCENTILES)
    return Estimate(float(values[0]), float(low), float(high))
