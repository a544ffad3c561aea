"""Measures a release on one split beside the baselines: own lists by both objectives, and stars."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from trainer.baselines import BiasModel, popularity
from trainer.breakdown import by_history_length, calibrate, coverage, describe_histories, describe_lists
from trainer.evaluate.served import Objective
from trainer.evaluate.svd_plus_plus import SvdPlusPlus
from trainer.evaluate.tuning import Tuning
from trainer.histories import Histories
from trainer.metrics import (
    PersonWise,
    best_lists,
    find_hits,
    judge_lists,
    judge_scores,
    liked,
    list_metrics,
    star_metrics,
)
from trainer.retrieval.item_to_item import MAX_SIDE, Ease

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.evaluate.served import ServedRelease
    from trainer.evaluate.splits import TrainTest

SERVED = "served"
NO_EASE = f"EASE is left out: people and movies are both more than the {MAX_SIDE:,} whose matrix can be inverted"
Systems = dict[str, dict[str, PersonWise]]


@dataclass(frozen=True)
class Measured:
    """What was measured.

    Attributes:
        parts: For each part, each system's metrics, what is served first.
        details: What has no interval.
        members: For parts that are measured by pair: the people of each, [n, 2].
    """

    parts: dict[str, Systems]
    details: dict[str, Any] = field(default_factory=dict)
    members: dict[str, np.ndarray] = field(default_factory=dict)

    def joined(self, other: Measured) -> Measured:
        """Joins two runs over the same people; the details are those of the first."""
        parts = {part: _join(systems, other.parts[part]) for part, systems in self.parts.items()}
        return Measured(parts, self.details, self.members)


def _join(systems: Systems, others: Systems) -> Systems:
    return {
        system: {name: metric + others[system][name] for name, metric in metrics.items()}
        for system, metrics in systems.items()
    }


class SplitMeasure:
    """Measures releases that were trained on the train part of one split; baselines are fitted once."""

    def __init__(self, split: TrainTest, seed: int, tuning: Tuning | None = None) -> None:
        """Takes the split, the seed of the baselines, and their settings where they are not to be found on it."""
        self._split, self._seed, self._tuning = split, seed, tuning or Tuning(split.train, seed)
        self._num_movies = len(split.train.movies)
        self._seen, self._held_back = Histories.of_people(split.train), Histories.of_people(split.test)
        self._liked = Histories.of_people(liked(split.test))

    def lists(self, release: ServedRelease) -> Measured:
        """Measures WATCH: every test row is relevant."""
        everyone = np.arange(len(self._seen))
        lists = release.lists(everyone, Objective.WATCH)
        served = list_metrics(judge_lists(lists, self._held_back, everyone)) | self._describe(lists)
        systems = (
            {SERVED: served} | self._baselines_watch | {"histories": describe_histories(self._seen, self._num_movies)}
        )
        groups = by_history_length(self._seen.lengths, {name: served[name] for name in ("ndcg_at_10", "recall_at_20")})
        details = {
            "coverage": {SERVED: coverage(lists, self._num_movies)} | self._coverage,
            "lists_by_length": groups,
            "ease_penalty": self._tuning.ease_penalty or NO_EASE,
            "baselines_out_of_time": self._tuning.budget_spent,
        }
        return Measured({"watch": systems}, details)

    def like(self, release: ServedRelease) -> Measured:
        """Measures LIKE beside WATCH: what was liked is relevant; and what hits were given in stars."""
        everyone = np.arange(len(self._seen))
        systems = {
            name: list_metrics(judge_lists(lists, self._liked, everyone))
            | {"stars_of_hits_at_20": self._stars_of_hits(lists)}
            for name, lists in (
                (SERVED, release.lists(everyone, Objective.LIKE)),
                ("watch_lists", release.lists(everyone, Objective.WATCH)),
            )
        }
        return Measured({"like": systems | self._baselines_like})

    def stars(self, release: ServedRelease) -> Measured:
        """Measures predicted stars."""
        predicted = release.stars(self._held_back)
        systems = {SERVED: star_metrics(predicted, self._held_back)} | self._baselines_stars
        details = {
            "calibration": calibrate(predicted, self._held_back.ratings),
            "stars_by_length": by_history_length(self._seen.lengths, systems[SERVED]),
            "svd_plus_plus": asdict(self._tuning.svd_plus_plus),
        }
        return Measured({"stars": systems}, details)

    @cached_property
    def _scores(self) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
        scores, penalty = {"popularity": popularity(self._seen, self._num_movies)}, self._tuning.ease_penalty
        return scores | ({"ease": Ease(self._seen, self._num_movies, penalty).scores} if penalty else {})

    @cached_property
    def _tops(self) -> dict[str, np.ndarray]:
        everyone = np.arange(len(self._seen))
        return {name: best_lists(score, self._seen, everyone) for name, score in self._scores.items()}

    @cached_property
    def _coverage(self) -> dict[str, float]:
        return {name: coverage(lists, self._num_movies) for name, lists in self._tops.items()}

    @cached_property
    def _baselines_watch(self) -> Systems:
        judged = self._judged(self._held_back)
        return {name: metrics | self._describe(self._tops[name]) for name, metrics in judged.items()}

    @cached_property
    def _baselines_like(self) -> Systems:
        return self._judged(self._liked)

    def _judged(self, relevant: Histories) -> Systems:
        return {name: list_metrics(judge_scores(score, self._seen, relevant)) for name, score in self._scores.items()}

    @cached_property
    def _baselines_stars(self) -> Systems:
        dataset, asked = self._split.train, self._held_back
        factors = SvdPlusPlus(self._seen, self._num_movies, self._tuning.svd_plus_plus, self._seed)
        predicted = {
            "bias": BiasModel(self._seen, self._num_movies).predict(asked.owners, asked.rows),
            "svd_plus_plus": factors.predict(asked),
        }
        scale = (dataset.rating_min, dataset.rating_max)
        return {name: star_metrics(np.clip(stars, *scale), asked) for name, stars in predicted.items()}

    def _describe(self, lists: np.ndarray) -> dict[str, PersonWise]:
        return describe_lists(lists, self._seen, self._num_movies)

    def _stars_of_hits(self, lists: np.ndarray) -> PersonWise:
        """Returns what people gave the movies of their test rows that are among the first 20."""
        given = np.zeros((len(lists), self._num_movies + 1))
        given[self._held_back.owners, self._held_back.rows] = self._held_back.ratings
        hits = find_hits(lists, self._held_back, np.arange(len(lists)))
        stars = np.take_along_axis(given, lists, axis=1) * hits
        return PersonWise(stars[:, :20].sum(axis=1), hits[:, :20].sum(axis=1).astype(float))
