"""Finds the settings of the closed form for a data set: regularisation has a narrow optimum and does not carry over."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trainer.retrieval.ridge import RidgeSettings

Settings = TypeVar("Settings")


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


class Found(NamedTuple, Generic[Settings]):
    """What a search found, and whether its budget ran out, so that a faster machine may find something else."""

    settings: Settings
    budget_spent: bool


def search_settings(
    start: RidgeSettings, quality: Callable[[RidgeSettings], float], search: SearchSettings
) -> Found[RidgeSettings]:
    """Climbs from `start` to settings whose neighbours are no better by `quality` (higher is better).

    `quality` is asked once for each settings. With a budget of 0, `start` comes back unasked.
    """
    if search.budget_seconds <= 0:
        return Found(start, budget_spent=False)
    deadline = time.monotonic() + search.budget_seconds
    known, found = cache(quality), Found(start, budget_spent=False)
    for factor in search.factors:
        found = climb(found.settings, known, partial(_moves, factor, search), deadline)
    return found


def climb(
    start: Settings,
    quality: Callable[[Settings], float],
    moves: Callable[[Settings], Iterable[tuple[Settings, float]]],
    deadline: float,
) -> Found[Settings]:
    """Moves from `start` for as long as a move gains what it needs by `quality` and time.monotonic() allows.

    `moves` yields where to go from given settings, and how much better it must be there. A move that was rejected is
    looked at again from elsewhere: `quality` should remember.
    Source: Hooke and Jeeves, "Direct Search Solution of Numerical and Statistical Problems", 1961.
    """
    best, best_quality = start, quality(start)
    while True:
        for candidate, needed in moves(best):
            if time.monotonic() > deadline:
                return Found(best, budget_spent=True)
            if quality(candidate) > best_quality + needed:
                best, best_quality = candidate, quality(candidate)
                break
        else:
            return Found(best, budget_spent=False)


def _moves(factor: float, search: SearchSettings, settings: RidgeSettings) -> Iterator[tuple[RidgeSettings, float]]:
    for neighbour in _neighbours(settings, factor, search.max_dim):
        yield neighbour, search.min_gain if neighbour.dim == settings.dim else search.min_dim_gain


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
