"""Chooses everything about the retrieval model on a validation slice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from trainer import fit
from trainer.choose_item import MAX_CELLS, ItemChoice, ItemSearch, Slices, choose_item
from trainer.retrieval.item_to_item import Ease
from trainer.retrieval.search import Found, SearchSettings, search_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories
    from trainer.progress import Steps
    from trainer.retrieval.encoder import RetrievalEncoder
    from trainer.retrieval.ridge import RidgeSettings


@dataclass(frozen=True)
class ChoiceSettings:
    """What is tried.

    Attributes:
        search: How settings of the closed form are searched.
        item: How the item-to-item part is searched.
    """

    search: SearchSettings = field(default_factory=SearchSettings)
    item: ItemSearch = field(default_factory=ItemSearch)


@dataclass(frozen=True)
class RetrievalChoice:
    """What was chosen, and what it was chosen from.

    Attributes:
        ridge: Settings of the closed form.
        epochs: Passes of fine-tuning; 0: the closed-form start.
        item: The item-to-item part; of weight 0: none.
        ease_penalty: The best for EASE by itself; None where it was not tried, or people and movies are too many.
        encoders: The variants, fitted to the slice learned from: "closed_form", "fine_tuned", "with_item_part".
        served: Which of them is chosen.
        budget_spent: The parts whose time ran out: on a faster machine they may choose something else.
    """

    ridge: RidgeSettings
    epochs: int
    item: fit.ItemSettings
    ease_penalty: float | None
    encoders: dict[str, RetrievalEncoder]
    served: str
    budget_spent: tuple[str, ...]


class Chooser:
    """Chooses for one training slice, by what its lists hold of the validation slice."""

    def __init__(self, dataset: Dataset, slices: tuple[Histories, Histories], settings: ChoiceSettings) -> None:
        """Takes the histories to learn from and those to choose by."""
        self._dataset, self._settings, self._slices = dataset, settings, Slices(*slices)
        # The best of the search is mostly what is then fine-tuned, and on large data takes minutes to fit again.
        self._best: tuple[float, fit.FitSettings, np.ndarray] | None = None

    def choose(self, settings: fit.FitSettings, steps: Steps) -> RetrievalChoice:
        """Chooses the settings of the closed form, then the epochs, then the item-to-item part."""
        with steps.step("retrieval: searching settings"):
            ridge, out_of_time = self._search(settings)
        settings = replace(settings, ridge=ridge)
        with steps.step("retrieval: fine-tuning", settings.tuning.max_epochs) as report:
            by_epoch, tuned_out_of_time = self._by_epoch(settings, report)
        qualities = [self._quality(encoder) for encoder in by_epoch]
        best_tuned = 1 + int(np.argmax(qualities[1:]))
        gains = qualities[best_tuned] > qualities[0] + self._settings.search.min_gain
        epochs = best_tuned if gains else 0
        with steps.step("retrieval: item-to-item part"):
            item = self._item(by_epoch[epochs], settings, epochs)
        encoders = {"closed_form": by_epoch[0], "fine_tuned": by_epoch[best_tuned]}
        encoders |= {"with_item_part": item.joined} if item.joined else {}
        served = "with_item_part" if item.settings.weight else "fine_tuned" if epochs else "closed_form"
        penalty = item.settings.penalty if item.joined else None
        parts = {
            "retrieval: searching settings": out_of_time,
            "retrieval: fine-tuning": tuned_out_of_time,
            "retrieval: item-to-item part": item.budget_spent,
        }
        spent = tuple(part for part, is_spent in parts.items() if is_spent)
        return RetrievalChoice(ridge, epochs, item.settings, penalty, encoders, served, spent)

    def _search(self, settings: fit.FitSettings) -> Found[RidgeSettings]:
        def quality(ridge: RidgeSettings) -> float:
            tried = replace(settings, ridge=ridge)
            factors = self._closed_form(tried)
            reached = self._quality(fit.encoder(factors, self._dataset, tried))
            if not self._best or reached > self._best[0]:
                self._best = reached, tried, factors
            return reached

        return search_settings(settings.ridge, quality, self._settings.search)

    def _closed_form(self, settings: fit.FitSettings) -> np.ndarray:
        if self._best and self._best[1] == settings:
            return self._best[2]
        return fit.closed_form(self._slices.histories, self._dataset, settings)

    def _by_epoch(
        self, settings: fit.FitSettings, report: Callable[[int], None]
    ) -> tuple[list[RetrievalEncoder], bool]:
        """Returns what was fitted after each epoch from 0, at least to 1, and whether time ran out."""
        factors = [self._closed_form(settings)]
        deadline = time.monotonic() + settings.tuning.budget_seconds
        for tuned in fit.fine_tuned(factors[0], self._slices.histories, self._dataset, settings):
            factors.append(tuned)
            report(len(factors) - 1)
            if time.monotonic() > deadline:
                break
        is_cut = len(factors) <= settings.tuning.max_epochs
        return [fit.encoder(each, self._dataset, settings) for each in factors], is_cut

    def _item(self, base: RetrievalEncoder, settings: fit.FitSettings, epochs: int) -> ItemChoice:
        affordable = Ease.is_affordable(self._slices.histories, len(self._dataset.movies))
        if not affordable or self._settings.item.budget_seconds <= 0:
            return ItemChoice(replace(settings.item, weight=0.0), None, budget_spent=False)

        def refit(histories: Histories) -> RetrievalEncoder:
            return self._fitted(histories, settings, epochs)

        return choose_item(self._slices, base, refit, settings.item, self._settings.item)

    def _fitted(self, histories: Histories, settings: fit.FitSettings, epochs: int) -> RetrievalEncoder:
        return fit.encoder(fit.factors(histories, self._dataset, settings, epochs), self._dataset, settings)

    def _quality(self, encoder: RetrievalEncoder) -> float:
        embeddings = self._slices.histories.encoded(encoder.encode, MAX_CELLS)
        return self._slices.quality(lambda people: embeddings[people] @ encoder.candidates.T)
