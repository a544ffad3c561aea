"""Trains a release: chooses on one slice, reports on another, then fits every row and exports."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

from trainer import fit
from trainer.evaluate.like import choose_like_star_share
from trainer.histories import Histories
from trainer.measure import SystemMetrics, measure_list_baselines, measure_lists, measure_stars
from trainer.release.export import export
from trainer.split import random_split

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

    from trainer.data.dataset import Dataset
    from trainer.progress import Steps
    from trainer.rating.fold_in import RatingEncoder
    from trainer.split import Split

VERSIONS_RECORDED = ("numpy", "pyarrow", "scipy", "tensorflow", "tensorflow-recommenders", "tf-keras")


@dataclass(frozen=True)
class TrainSettings:
    """How a release is made.

    Attributes:
        fit: How models are fitted.
        held_back: Share of the interactions in the validation slice, and again in the test slice.
        num_candidates: k, how many candidates the index finds for a person, or the catalogue if it is smaller.
    """

    fit: fit.FitSettings = field(default_factory=fit.FitSettings)
    held_back: float = 0.1
    num_candidates: int = 200


@dataclass(frozen=True)
class Choices:
    """What was chosen on the validation slice: epochs of fine-tuning (0: the closed-form start) and LIKE's share."""

    epochs: int
    like_star_share: float


@dataclass(frozen=True)
class Trained:
    """A finished release."""

    version: int
    choices: Choices
    metrics: tuple[SystemMetrics, ...]


class Training:
    """One training run."""

    def __init__(self, dataset: Dataset, settings: TrainSettings, steps: Steps) -> None:
        """Prepares to train on every interaction of `dataset`."""
        self._dataset, self._settings, self._steps = dataset, settings, steps

    def run(self, root: Path) -> Trained:
        """Trains one release and publishes it under `root`.

        Raises:
            OSError: The release cannot be written; what is there already stays as it is.
        """
        self._steps.say(
            f"{self._dataset.name}: {len(self._dataset.rating):,} ratings of {len(self._dataset.movies):,} movies "
            f"by {len(self._dataset.user_ids):,} people"
        )
        choices, metrics = self._choose_and_measure()
        fitted = self._fit_everything(choices.epochs)
        with self._steps.step("exporting the release"):
            version = export(root, fitted, self._release_info(fitted, choices, metrics))
        return Trained(version, choices, metrics)

    def _choose_and_measure(self) -> tuple[Choices, tuple[SystemMetrics, ...]]:
        """Fits to what is left of the data when both slices are held back."""
        share = f"{self._settings.held_back:.0%}"
        self._steps.say(f"Choosing on {share} of the ratings, measuring on another {share}:")
        split = random_split(self._dataset.latest(), self._settings.held_back, self._settings.fit.seed)
        histories = Histories.of_people(split.train)
        by_epoch = self._candidates_by_epoch(histories)
        rating = self._fit_rating(histories)
        with self._steps.step("choosing and measuring"):
            fitted = [self._assemble(split.train, histories, candidates, rating) for candidates in by_epoch]
            return self._choose(fitted, split)

    def _choose(self, by_epoch: list[fit.FittedModels], split: Split) -> tuple[Choices, tuple[SystemMetrics, ...]]:
        histories = by_epoch[0].histories
        validation = Histories.of_people(split.validation)
        ndcg = [measure_lists(fitted, histories, validation)["ndcg_at_10"] for fitted in by_epoch]
        tuned = max(range(1, len(ndcg)), key=ndcg.__getitem__)
        epochs = tuned if ndcg[tuned] > ndcg[0] else 0
        share = choose_like_star_share(by_epoch[epochs], split.validation, self._settings.num_candidates)
        return Choices(epochs, share), self._measure(by_epoch[0], by_epoch[tuned], split, served=epochs)

    def _measure(
        self, start: fit.FittedModels, tuned: fit.FittedModels, split: Split, *, served: int
    ) -> tuple[SystemMetrics, ...]:
        """Measures once on the test slice; what was chosen on is left out of the lists as seen."""
        seen = Histories.of_people(split.seen)
        test = Histories.of_people(split.test)
        return (
            *measure_list_baselines(start, seen, test),
            SystemMetrics("closed_form", served == 0, measure_lists(start, seen, test)),
            SystemMetrics("fine_tuned", served > 0, measure_lists(tuned, seen, test)),
            *measure_stars(start, split.test),
        )

    def _fit_everything(self, epochs: int) -> fit.FittedModels:
        self._steps.say(f"Fitting all ratings, with {epochs} epochs of fine-tuning:")
        histories = Histories.of_people(self._dataset)
        candidates = self._candidates_by_epoch(histories, epochs)[-1]
        return self._assemble(self._dataset, histories, candidates, self._fit_rating(histories))

    def _candidates_by_epoch(self, histories: Histories, epochs: int | None = None) -> list[np.ndarray]:
        """Returns candidates after 0, 1, ... `epochs` of fine-tuning, or as many as are set."""
        settings = self._settings.fit
        epochs = settings.tuning.max_epochs if epochs is None else epochs
        with self._steps.step("retrieval: closed form"):
            candidates = [fit.closed_form(histories, self._dataset, settings)]
        with self._steps.step("retrieval: fine-tuning", epochs) as report:
            for tuned in islice(fit.fine_tuned(candidates[0], histories, self._dataset, settings), epochs):
                candidates.append(tuned)
                report(len(candidates) - 1)
        return candidates

    def _fit_rating(self, histories: Histories) -> RatingEncoder:
        with self._steps.step("ranking head: sampling", self._settings.fit.gibbs.sweeps) as report:
            return fit.fit_rating(histories, self._dataset, self._settings.fit, report)

    def _assemble(
        self, dataset: Dataset, histories: Histories, candidates: np.ndarray, rating: RatingEncoder
    ) -> fit.FittedModels:
        return fit.assemble(dataset, histories, candidates, rating, self._settings.fit)

    def _release_info(
        self, fitted: fit.FittedModels, choices: Choices, metrics: tuple[SystemMetrics, ...]
    ) -> dict[str, Any]:
        """Returns what release.json says beside version and embedding size."""
        dataset = self._dataset
        return {
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "data": {
                "name": dataset.name,
                "fingerprint": dataset.fingerprint(),
                "license": dataset.license,
                "num_users": len(dataset.user_ids),
                "num_movies": len(dataset.movies),
                "num_ratings": len(fitted.histories.rows),
            },
            "seed": self._settings.fit.seed,
            "versions": {"python": platform.python_version()}
            | {package: metadata.version(package) for package in VERSIONS_RECORDED},
            "config": asdict(self._settings) | {"chosen_epochs": choices.epochs},
            "genres": list(dataset.genres),
            "rating_min": dataset.rating_min,
            "rating_max": dataset.rating_max,
            "candidates": min(self._settings.num_candidates, len(dataset.movies)),
            "like_star_share": choices.like_star_share,
            "metrics": [asdict(system) for system in metrics],
        }
