"""Chooses everything about the retrieval model on a validation slice."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trainer import fit
from trainer.metrics import list_quality, measure_scores
from trainer.retrieval import item_to_item
from trainer.retrieval.search import SearchSettings, search_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy import sparse

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories
    from trainer.progress import Steps
    from trainer.retrieval.encoder import RetrievalEncoder
    from trainer.retrieval.ridge import RidgeSettings

# People scored at once hold at most this many history cells.
MAX_CELLS = 1 << 16


@dataclass(frozen=True)
class ChoiceSettings:
    """What is tried.

    Attributes:
        search: How settings of the closed form are searched.
        penalties: Of EASE, in this order while the item budget lasts; without any, there is no item-to-item part.
        weights: Of the item-to-item part beside the rest.
        item_budget_seconds: No further penalty is tried after so long.
    """

    search: SearchSettings = field(default_factory=SearchSettings)
    penalties: tuple[float, ...] = (300.0, 1000.0, 100.0)
    weights: tuple[float, ...] = (0.25, 0.5, 1.0)
    item_budget_seconds: float = 10.0


@dataclass(frozen=True)
class RetrievalChoice:
    """What was chosen, and what it was chosen from.

    Attributes:
        ridge: Settings of the closed form.
        epochs: Passes of fine-tuning; 0: the closed-form start.
        item: The item-to-item part; of weight 0: none.
        ease_penalty: The best for EASE by itself; None where the catalogue is too large for it.
        encoders: The variants, fitted to the slice learned from: "closed_form", "fine_tuned", "with_item_part".
        served: Which of them is chosen.
    """

    ridge: RidgeSettings
    epochs: int
    item: fit.ItemSettings
    ease_penalty: float | None
    encoders: dict[str, RetrievalEncoder]
    served: str


class Chooser:
    """Chooses for one training slice, by what its lists hold of the validation slice."""

    def __init__(self, dataset: Dataset, slices: tuple[Histories, Histories], settings: ChoiceSettings) -> None:
        """Takes the histories to learn from and those to choose by."""
        self._dataset, self._settings = dataset, settings
        self._histories, self._validation = slices

    def choose(self, settings: fit.FitSettings, steps: Steps) -> RetrievalChoice:
        """Chooses the settings of the closed form, then the epochs, then the item-to-item part."""
        with steps.step("retrieval: searching settings"):
            ridge = self._search(settings)
        settings = replace(settings, ridge=ridge)
        with steps.step("retrieval: fine-tuning", settings.tuning.max_epochs) as report:
            by_epoch = self._by_epoch(settings, report)
        qualities = [self._quality(encoder) for encoder in by_epoch]
        best_tuned = 1 + int(np.argmax(qualities[1:]))
        gains = qualities[best_tuned] > qualities[0] + self._settings.search.min_gain
        epochs = best_tuned if gains else 0
        encoders = {"closed_form": by_epoch[0], "fine_tuned": by_epoch[best_tuned]}
        served = "fine_tuned" if epochs else "closed_form"
        with steps.step("retrieval: item-to-item part"):
            weight, penalty, joined = self._item(by_epoch[epochs], settings.item.rank)
        if joined:
            encoders["with_item_part"] = joined
            served = "with_item_part" if weight else served
        item = replace(settings.item, weight=weight, penalty=penalty or settings.item.penalty)
        return RetrievalChoice(ridge, epochs, item, penalty, encoders, served)

    def _search(self, settings: fit.FitSettings) -> RidgeSettings:
        def quality(ridge: RidgeSettings) -> float:
            tried = replace(settings, ridge=ridge)
            return self._quality(
                fit.encoder(fit.closed_form(self._histories, self._dataset, tried), self._dataset, tried)
            )

        return search_settings(settings.ridge, quality, self._settings.search)

    def _by_epoch(self, settings: fit.FitSettings, report: Callable[[int], None]) -> list[RetrievalEncoder]:
        factors = [fit.closed_form(self._histories, self._dataset, settings)]
        for tuned in fit.fine_tuned(factors[0], self._histories, self._dataset, settings):
            factors.append(tuned)
            report(len(factors) - 1)
        return [fit.encoder(each, self._dataset, settings) for each in factors]

    def _item(self, base: RetrievalEncoder, rank: int) -> tuple[float, float | None, RetrievalEncoder | None]:
        """Returns the item-to-item part's weight, 0 where it gains too little; EASE's best penalty; the best join."""
        num_movies = len(self._dataset.movies)
        if num_movies > item_to_item.MAX_MOVIES or not self._settings.penalties:
            return 0.0, None, None
        penalty, weights = self._best_ease(num_movies)
        part = item_to_item.reduce(weights, self._histories, rank)
        joined = {weight: base.joined(part.scaled(weight)) for weight in self._settings.weights}
        qualities = {weight: self._quality(encoder) for weight, encoder in joined.items()}
        best = max(qualities, key=qualities.__getitem__)
        gains = qualities[best] > self._quality(base) + self._settings.search.min_gain
        return (best if gains else 0.0), penalty, joined[best]

    def _best_ease(self, num_movies: int) -> tuple[float, np.ndarray]:
        """Returns the penalty that is best for EASE by itself, and its weights [m, m]."""
        deadline = time.monotonic() + self._settings.item_budget_seconds
        watched = item_to_item.watched_matrix(self._histories, num_movies)
        best: tuple[float, float, np.ndarray] = (-np.inf, 0.0, np.empty(0))
        for penalty in self._settings.penalties:
            weights = item_to_item.ease(self._histories, num_movies, penalty)
            quality = self._list_quality(partial(_scores, watched, weights))
            best = max(best, (quality, penalty, weights), key=lambda tried: tried[0])
            if time.monotonic() > deadline:
                break
        return best[1:]

    def _quality(self, encoder: RetrievalEncoder) -> float:
        embeddings = self._histories.encoded(encoder.encode, MAX_CELLS)
        return self._list_quality(lambda people: embeddings[people] @ encoder.candidates.T)

    def _list_quality(self, score: Callable[[np.ndarray], np.ndarray]) -> float:
        return list_quality(measure_scores(score, self._histories, self._validation))


def _scores(watched: sparse.csr_matrix, weights: np.ndarray, people: np.ndarray) -> np.ndarray:
    return watched[people] @ weights
