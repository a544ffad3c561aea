"""Measures fitted models beside baselines on interactions they have not seen: what a release says of itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from trainer import baselines
from trainer.bootstrap import estimate
from trainer.breakdown import by_history_length, calibrate, coverage, describe_histories, describe_lists
from trainer.histories import Histories
from trainer.metrics import LIST_LENGTH, best_lists, judge_lists, list_metrics, means, measure_scores, star_metrics
from trainer.retrieval.item_to_item import Ease

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels
    from trainer.split import Split

SHOWN = ("ndcg_at_10", "recall_at_20", "top_100", "rmse")


class Choice(Protocol):
    """What is known of how the served variant was chosen; see `trainer.choose.RetrievalChoice`."""

    @property
    def served(self) -> str:
        """Which of the variants is chosen."""

    @property
    def ease_penalty(self) -> float | None:
        """The best for EASE by itself; None: EASE is not measured."""

    @property
    def budget_spent(self) -> tuple[str, ...]:
        """The parts whose time ran out."""


@dataclass(frozen=True)
class SystemMetrics:
    """What one system reached on the held-back slice; `served` marks what is exported."""

    system: str
    served: bool
    values: dict[str, float]


def measure_systems(variants: dict[str, FittedModels], choice: Choice, split: Split) -> tuple[SystemMetrics, ...]:
    """Measures baselines, the variants chosen from, and the ranking head on the test slice, which is used once.

    What was chosen on is left out of the lists as seen. Systems that nobody could be judged by have no values: data of
    a few ratings have none to hold back.
    """
    seen, test, served = Histories.of_people(split.seen), Histories.of_people(split.test), variants[choice.served]
    histories, num_movies = served.histories, len(split.test.movies)
    scores = {"popularity": baselines.popularity(histories, num_movies)}
    if choice.ease_penalty is not None:
        scores["ease"] = Ease(histories, num_movies, choice.ease_penalty).scores
    scores |= {name: variant.retrieval_scores for name, variant in variants.items()}
    by_bias = baselines.BiasModel(histories, num_movies).predict(test.owners, test.rows)
    stars = {
        "bias": np.clip(by_bias, served.scale.lowest, served.scale.highest),
        "ranking_head": served.predict_stars(test.owners, test.rows),
    }
    return (
        *(SystemMetrics(name, name == choice.served, measure_scores(of, seen, test)) for name, of in scores.items()),
        *(
            SystemMetrics(name, name == "ranking_head", means(star_metrics(predicted, test)))
            for name, predicted in stars.items()
        ),
    )


def release_figures(fitted: FittedModels, seen: Histories, held_back: Dataset, judged: np.ndarray) -> dict[str, Any]:
    """Measures what is to be served beyond its metrics: how sure they are, for whom they are lower, what it favours.

    Only `judged` people [j], as places in `seen`, have lists.

    Returns:
        JSON values: "intervals" of the metrics, by name {value, low, high}; "by_history_length" and "calibration", a
        list of rows; "popularity", mean percentiles of lists and of histories, and the share of the catalogue that is
        in anyone's first 10. Empty when nothing was held back.
    """
    if not len(held_back.rating):
        return {}
    asked, num_movies, everyone = Histories.of_people(held_back), len(held_back.movies), np.arange(len(seen))
    lists = np.full((len(seen), LIST_LENGTH), -1)
    lists[judged] = best_lists(fitted.retrieval_scores, seen, judged)
    stars = fitted.predict_stars(asked.owners, asked.rows)
    metrics = list_metrics(judge_lists(lists, asked, everyone)) | star_metrics(stars, asked)
    shown = {name: metrics[name] for name in SHOWN}
    favoured = {"lists": describe_lists(lists, seen, num_movies), "histories": describe_histories(seen, num_movies)}
    percentiles = estimate({name: described["popularity_percentile_at_10"] for name, described in favoured.items()})
    return {
        "intervals": {name: asdict(value) for name, value in estimate(shown).items()},
        "by_history_length": [asdict(group) for group in by_history_length(fitted.histories.lengths, shown)],
        "calibration": [asdict(star_bin) for star_bin in calibrate(stars, asked.ratings)],
        "popularity": {name: asdict(value) for name, value in percentiles.items()}
        | {"coverage": coverage(lists, num_movies)},
    }
