"""How sure a metric is: intervals over people, and over the differences between systems judged by the same people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from trainer.metrics import PersonWise

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


def compare(
    systems: Mapping[str, Mapping[str, PersonWise]], seed: int = 0, members: np.ndarray | None = None
) -> list[SystemEstimates]:
    """Returns the metrics of systems that were judged by the same people, all from the same resamples of them.

    Args:
        systems: Metrics by name, of each system.
        seed: Of the resamples.
        members: Where metrics are of pairs: the people of each, [n, 2]. People are resampled all the same, since pairs
            that share someone are not independent; a pair is in as often as there are ways to take both its members.

    Source: Efron, "Bootstrap Methods: Another Look at the Jackknife", 1979; percentile intervals. For what is measured
    between people: Davezies, D'Haultfoeuille and Guyonvarch, "Empirical process results for exchangeable arrays", 2021.
    """
    judged = {(system, name): each for system, of in systems.items() for name, each in of.items() if each.is_judged()}
    drawn = _resample(list(judged.values()), seed, members).T if judged else ()
    values = dict(zip(judged, drawn, strict=True))
    first, compared = next(iter(systems)), []
    for system in systems:
        own = {name: of for (owner, name), of in values.items() if owner == system}
        shared = [name for name in own if system != first and (first, name) in values]
        lead = {name: _summarise(values[first, name] - own[name]) for name in shared}
        compared.append(SystemEstimates(system, {name: _summarise(of) for name, of in own.items()}, lead))
    return compared


def _resample(metrics: Sequence[PersonWise], seed: int, members: np.ndarray | None) -> np.ndarray:
    """Returns the metrics, then those of each resample of the people, [1 + RESAMPLES, metrics]."""
    totals = np.stack([metric.total for metric in metrics], axis=1)
    weights = np.stack([metric.weight for metric in metrics], axis=1)
    judged = (weights > 0).any(axis=1)
    totals, weights = totals[judged], weights[judged]
    taking_part = np.flatnonzero(judged)[:, None] if members is None else members[judged]
    people, place = np.unique(taking_part, return_inverse=True)
    place = place.reshape(taking_part.shape)
    is_root = np.array([metric.root for metric in metrics])
    generator = np.random.default_rng(seed)
    values = [_ratios(totals.sum(axis=0), weights.sum(axis=0), is_root)[None]]
    for _ in range(RESAMPLES // RESAMPLES_A_BATCH):
        counts = generator.multinomial(len(people), np.full(len(people), 1 / len(people)), RESAMPLES_A_BATCH)
        times = counts[:, place].prod(axis=2)
        values.append(_ratios(times @ totals, times @ weights, is_root))
    return np.concatenate(values)


def _ratios(totals: np.ndarray, weights: np.ndarray, is_root: np.ndarray) -> np.ndarray:
    """Returns NaN where a resample holds nobody to judge by."""
    ratios = np.divide(totals, weights, out=np.full(totals.shape, np.nan), where=weights > 0)
    return np.where(is_root, np.sqrt(np.abs(ratios)), ratios)


def _summarise(values: np.ndarray) -> Estimate:
    low, high = np.nanpercentile(values[1:], PERCENTILES)
    return Estimate(float(values[0]), float(low), float(high))
