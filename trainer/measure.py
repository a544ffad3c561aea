"""Measures fitted models beside baselines on interactions they have not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer import baselines
from trainer.metrics import measure_scores, rmse

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels
    from trainer.histories import Histories


@dataclass(frozen=True)
class SystemMetrics:
    """What one system reached on the held-back slice; `served` marks what is exported."""

    system: str
    served: bool
    values: dict[str, float]


def measure_lists(fitted: FittedModels, seen: Histories, held_back: Histories) -> dict[str, float]:
    """Measures everyone's own list by retrieval score, `seen` movies left out, against what was held back."""
    return measure_scores(fitted.retrieval_scores, seen, held_back)


def measure_list_baselines(
    fitted: FittedModels, ease_penalty: float | None, seen: Histories, held_back: Histories
) -> list[SystemMetrics]:
    """Measures popularity and, given a penalty, EASE, fitted to what `fitted` was fitted to."""
    num_movies = len(fitted.dataset.movies)
    systems = {"popularity": baselines.popularity(fitted.histories, num_movies)}
    if ease_penalty is not None:
        systems["ease"] = baselines.ease(fitted.histories, num_movies, ease_penalty)
    return [
        SystemMetrics(name, served=False, values=measure_scores(score, seen, held_back))
        for name, score in systems.items()
    ]


def measure_stars(fitted: FittedModels, held_back: Dataset) -> list[SystemMetrics]:
    """Measures the bias model and the ranking head by the stars they predict for held-back interactions.

    Without any there are no values: data of a few ratings has none to hold back.
    """
    bias = baselines.BiasModel(fitted.histories, len(fitted.dataset.movies))
    lowest, highest = fitted.scale.lowest, fitted.scale.highest
    by_bias = np.clip(bias.predict(held_back.user, held_back.row), lowest, highest)
    by_head = fitted.predict_stars(held_back.user, held_back.row)
    return [
        SystemMetrics("bias", served=False, values=_star_values(by_bias, held_back.rating)),
        SystemMetrics("ranking_head", served=True, values=_star_values(by_head, held_back.rating)),
    ]


def _star_values(predicted: np.ndarray, given: np.ndarray) -> dict[str, float]:
    return {"rmse": rmse(predicted, given)} if len(given) else {}
