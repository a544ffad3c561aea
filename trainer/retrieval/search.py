"""Finds the settings of the closed form for a data set: regularisation has a narrow optimum and does not carry over."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.retrieval.ridge import RidgeSettings


@dataclass(frozen=True)
class SearchSettings:
    """How settings are searched.

    Attributes:
        budget_seconds: No further settings are tried after so long; those under way are finished.
        factors: Settings are multiplied and divided by the first until nothing gets better, then by the next.
        min_gain: What a change must gain to be made; what is below is noise.
        min_dim_gain: The same for doubling the embedding, which costs time everywhere.
        max_dim: The largest embedding to try.
    """

    budget_seconds: float = 60.0
    factors: tuple[float, ...] = (2.0, 2.0**0.5)
    min_gain: float = 0.003
    min_dim_gain: float = 0.01
    max_dim: int = 128


def search_settings(
    start: RidgeSettings, quality: Callable[[RidgeSettings], float], search: SearchSettings
) -> RidgeSettings:
    """Climbs from `start` to settings whose neighbours are no better by `quality` (higher is better).

    `quality` is asked once for each settings. With a budget of 0, `start` comes back unasked.
    Source: Hooke and Jeeves, "Direct Search Solution of Numerical and Statistical Problems", 1961.
    """
    if search.budget_seconds <= 0:
        return start
    deadline = time.monotonic() + search.budget_seconds
    known = {start: quality(start)}
    best = start
    for factor in search.factors:
        improved = True
        while improved:
            improved = False
            for candidate in _neighbours(best, factor, search.max_dim):
                if candidate in known:
                    continue
                if time.monotonic() > deadline:
                    return best
                known[candidate] = quality(candidate)
                needed = search.min_gain if candidate.dim == best.dim else search.min_dim_gain
                if known[candidate] > known[best] + needed:
                    best, improved = candidate, True
                    break
    return best


def _neighbours(settings: RidgeSettings, factor: float, max_dim: int) -> Iterator[RidgeSettings]:
    """Yields settings one step away, those that matter most first.

    Regularisation is scaled by frequency, so its sum over the catalogue goes with the product of both weights: that
    product is kept where the unobserved weight moves.
    """
    for step in (factor, 1 / factor):
        yield replace(settings, regularization=settings.regularization * step)
    for step in (factor, 1 / factor):
        yield replace(
            settings,
            unobserved_weight=settings.unobserved_weight * step,
            regularization=settings.regularization / step,
        )
    if factor == 2.0 and 2 * settings.dim <= max_dim:
        yield replace(settings, dim=2 * settings.dim)
