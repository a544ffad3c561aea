"""Finds the baselines' settings for a data set: what suits another would make them easy to beat."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache, cached_property
from typing import TYPE_CHECKING

import numpy as np

from trainer.choose_item import Slices, best_penalty
from trainer.evaluate.svd_plus_plus import SvdPlusPlus, SvdPlusPlusSettings
from trainer.fit import ItemSettings
from trainer.histories import Histories
from trainer.metrics import means, star_metrics
from trainer.retrieval.item_to_item import Ease
from trainer.retrieval.search import Found, Settings, climb

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.data.dataset import Dataset

HELD_BACK = 0.1
# For each baseline; no further settings are tried after so long.
BUDGET_SECONDS = 20.0
# In stars: what other settings of SVD++ must gain.
MIN_GAIN = 0.0005


class Tuning:
    """The baselines' settings, chosen on a slice of what they learn from when first asked for.

    `budget_spent` names those whose time ran out, so that a faster machine may find better ones.
    """

    def __init__(self, train: Dataset, seed: int) -> None:
        """Takes what is learned from, and the seed of the slice and of baselines that have one."""
        self._train, self._seed, self.budget_spent = train, seed, list[str]()
        self._slices = Slices(*Histories.of_people(train).split(HELD_BACK, seed))

    @cached_property
    def ease_penalty(self) -> float | None:
        """The best by lists, as the trainer chooses its own; None where EASE is not affordable."""
        num_movies = len(self._train.movies)
        if not Ease.is_affordable(self._slices.histories, num_movies):
            return None
        deadline = time.monotonic() + BUDGET_SECONDS
        return self._noted("ease", best_penalty(self._slices, num_movies, ItemSettings().penalty, deadline))

    @cached_property
    def svd_plus_plus(self) -> SvdPlusPlusSettings:
        """The best penalty and rate of learning by the error in stars, by factors of 2 from MovieLens-100K's."""
        deadline = time.monotonic() + BUDGET_SECONDS
        return self._noted("svd_plus_plus", climb(SvdPlusPlusSettings(), cache(self._quality), _moves, deadline))

    def _noted(self, baseline: str, found: Found[Settings]) -> Settings:
        if found.budget_spent:
            self.budget_spent.append(baseline)
        return found.settings

    def _quality(self, settings: SvdPlusPlusSettings) -> float:
        asked = self._slices.validation
        factors = SvdPlusPlus(self._slices.histories, len(self._train.movies), settings, self._seed)
        on_scale = np.clip(factors.predict(asked), self._train.rating_min, self._train.rating_max)
        return -means(star_metrics(on_scale, asked)).get("rmse", 0.0)


def _moves(settings: SvdPlusPlusSettings) -> Iterator[tuple[SvdPlusPlusSettings, float]]:
    yield replace(settings, learning_rate=2 * settings.learning_rate), MIN_GAIN
    for factor in (2.0, 0.5):
        yield replace(settings, penalty=factor * settings.penalty), MIN_GAIN
    yield replace(settings, learning_rate=settings.learning_rate / 2), MIN_GAIN
