"""Chooses the item-to-item part: EASE's penalty, how many of its axes, and how much they count."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from trainer.metrics import list_quality, measure_scores
from trainer.retrieval.item_to_item import Ease, ItemPart, watched_matrix
from trainer.retrieval.search import Found, climb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from scipy import sparse

    from trainer.fit import ItemSettings
    from trainer.histories import Histories
    from trainer.retrieval.encoder import RetrievalEncoder

PENALTY_FACTORS = (2.0, 2.0**0.5)
# People encoded at once hold at most this many history cells.
MAX_CELLS = 1 << 16


class Slices(NamedTuple):
    """What is learned from, and what is chosen by."""

    histories: Histories
    validation: Histories

    def redrawn(self, seed: int) -> Slices:
        """Returns other random slices of the same entries, as large."""
        whole = self.histories.joined(self.validation)
        return Slices(*whole.split(len(self.validation.rows) / max(1, len(whole.rows)), seed))

    def quality(self, score: Callable[[np.ndarray], np.ndarray]) -> float:
        """Returns how good lists by `score` are, from people [n] to scores [n, m]; higher is better."""
        return list_quality(measure_scores(score, self.histories, self.validation), len(self.validation.rows))


@dataclass(frozen=True)
class ItemSearch:
    """How the item-to-item part is searched.

    Attributes:
        budget_seconds: Nothing further is tried after so long; 0: there is no part.
        num_slices: One slice is too noisy to tell weights apart; so many are drawn while the budget lasts.
        min_gain: What another weight must gain; what is below is noise.
        min_rank_gain: The same for doubling the axes, which costs time and space everywhere.
        min_gain_joined: How much better lists must be with the part than without it.
        max_rank: The most axes to try.
    """

    budget_seconds: float = 30.0
    num_slices: int = 3
    min_gain: float = 0.003
    min_rank_gain: float = 0.005
    min_gain_joined: float = 0.003
    max_rank: int = 512


@dataclass(frozen=True)
class ItemChoice:
    """What was chosen.

    Attributes:
        settings: Of the part; of weight 0: there is none.
        joined: The encoder with the best part, fitted to the first slice; served where the weight is not 0. None where
            nothing was tried.
        budget_spent: Whether time ran out.
    """

    settings: ItemSettings
    joined: RetrievalEncoder | None
    budget_spent: bool


def best_penalty(slices: Slices, num_movies: int, start: float, deadline: float) -> Found[float]:
    """Climbs from `start` to the penalty that is best for EASE by itself while time.monotonic() allows."""

    @cache
    def quality(penalty: float) -> float:
        return slices.quality(Ease(slices.histories, num_movies, penalty).scores)

    found = Found(start, budget_spent=False)
    for factor in PENALTY_FACTORS:
        found = climb(found.settings, quality, partial(_penalties, factor), deadline)
    return found


def choose_item(
    slices: Slices,
    base: RetrievalEncoder,
    refit: Callable[[Histories], RetrievalEncoder],
    start: ItemSettings,
    search: ItemSearch,
) -> ItemChoice:
    """Chooses what is joined to `base`, fitted to `slices`; `refit` does the same for other histories.

    In doubt there is none. Source: docs/decisions.md.
    """
    deadline = time.monotonic() + search.budget_seconds
    penalty = best_penalty(slices, len(base.candidates), start.penalty, deadline)
    start = replace(start, penalty=penalty.settings)
    tried = [_Trial(slices, base, search.max_rank, penalty.settings)]
    # Asked at once: what a trial then keeps takes most of its time, which is to count before another is begun.
    tried[0].quality(start)
    while len(tried) < search.num_slices and time.monotonic() < deadline:
        redrawn = slices.redrawn(seed=len(tried))
        tried.append(replace(tried[0], slices=redrawn, base=refit(redrawn.histories)))
        tried[-1].quality(start)

    @cache
    def quality(item: ItemSettings) -> float:
        return float(np.mean([trial.quality(item) for trial in tried]))

    best = climb(start, quality, partial(_moves, search), deadline)
    joined = base.joined(tried[0].part.taken(best.settings.rank, best.settings.weight))
    without = replace(best.settings, weight=0.0)
    joins = quality(best.settings) > quality(without) + search.min_gain_joined
    chosen = best.settings if joins else without
    return ItemChoice(chosen, joined, penalty.budget_spent or best.budget_spent)


@dataclass(frozen=True)
class _Trial:
    """One pair of slices, with all that does not depend on weight and rank."""

    slices: Slices
    base: RetrievalEncoder
    max_rank: int
    penalty: float

    def quality(self, item: ItemSettings) -> float:
        part = self.part.taken(item.rank, item.weight)

        def score(people: np.ndarray) -> np.ndarray:
            added = (self._watched[people] @ part.to_query) @ part.candidates.T
            return self._embeddings[people] @ self.base.candidates.T + added

        return self.slices.quality(score)

    @cached_property
    def part(self) -> ItemPart:
        return Ease(self.slices.histories, len(self.base.candidates), self.penalty).reduced(self.max_rank)

    @cached_property
    def _embeddings(self) -> np.ndarray:
        return self.slices.histories.encoded(self.base.encode, MAX_CELLS)

    @cached_property
    def _watched(self) -> sparse.csr_matrix:
        return watched_matrix(self.slices.histories, len(self.base.candidates))


def _penalties(factor: float, penalty: float) -> Iterator[tuple[float, float]]:
    yield penalty * factor, 0.0
    yield penalty / factor, 0.0


def _moves(search: ItemSearch, item: ItemSettings) -> Iterator[tuple[ItemSettings, float]]:
    """Yields where to go from `item`, and what that must gain; more axes may pay only where they count for more."""
    for factor in (2.0, 0.5):
        yield replace(item, weight=item.weight * factor), search.min_gain
    if 2 * item.rank <= search.max_rank:
        for factor in (1.0, 2.0):
            yield replace(item, rank=2 * item.rank, weight=item.weight * factor), search.min_rank_gain
