"""Trains a release: chooses on one slice, reports on another, then fits every row and exports."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from importlib import metadata
from itertools import islice
from typing import TYPE_CHECKING, Any

from trainer import fit
from trainer.choose import ChoiceSettings, Chooser
from trainer.evaluate.like import choose_like_star_share
from trainer.histories import Histories
from trainer.measure import SystemMetrics, measure_list_baselines, measure_lists, measure_stars
from trainer.release.export import export
from trainer.release_figures import release_figures
from trainer.split import random_split

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.choose import RetrievalChoice
    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels, ItemSettings
    from trainer.progress import Steps
    from trainer.rating.blend import BlendedEncoder
    from trainer.retrieval.ridge import RidgeSettings
    from trainer.split import Split

VERSIONS_RECORDED = ("numpy", "pyarrow", "scipy", "tensorflow", "tensorflow-recommenders", "tf-keras")


@dataclass(frozen=True)
class TrainSettings:
    """How a release is made.

    Attributes:
        fit: How models are fitted, as far as it is not chosen.
        choice: What is tried when settings are chosen.
        held_back: Share of the interactions in the validation slice, and again in the test slice.
        num_candidates: k, how many candidates the index finds for a person, or the catalogue if it is smaller.
    """

    fit: fit.FitSettings = field(default_factory=fit.FitSettings)
    choice: ChoiceSettings = field(default_factory=ChoiceSettings)
    held_back: float = 0.1
    num_candidates: int = 200


@dataclass(frozen=True)
class Choices:
    """What was chosen on the validation slice.

    Attributes:
        ridge: Settings of the closed form.
        epochs: Passes of fine-tuning; 0: the closed-form start.
        item: The item-to-item part; of weight 0: none.
        like_star_share: How much stars count in LIKE.
    """

    ridge: RidgeSettings
    epochs: int
    item: ItemSettings
    like_star_share: float


@dataclass(frozen=True)
class Measured:
    """What was measured on the test slice: the systems side by side, and more of what is served, as JSON values."""

    metrics: tuple[SystemMetrics, ...]
    figures: dict[str, Any]


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
        choices, measured = self._choose_and_measure()
        fitted = self._fit_everything(choices)
        with self._steps.step("exporting the release"):
            version = export(root, fitted, self._release_info(fitted, choices, measured))
        return Trained(version, choices, measured.metrics)

    def _choose_and_measure(self) -> tuple[Choices, Measured]:
        """Fits to what is left of the data when both slices are held back."""
        share = f"{self._settings.held_back:.0%}"
        self._steps.say(f"Choosing on {share} of the ratings, measuring on another {share}:")
        split = random_split(self._dataset.latest(), self._settings.held_back, self._settings.fit.seed)
        histories, validation = Histories.of_people(split.train), Histories.of_people(split.validation)
        chooser = Chooser(self._dataset, (histories, validation), self._settings.choice)
        choice = chooser.choose(self._settings.fit, self._steps)
        rating = self._fit_rating(histories)
        with self._steps.step("measuring"):
            variants = {
                name: fit.assemble(split.train, histories, encoder, rating) for name, encoder in choice.encoders.items()
            }
            star_share = choose_like_star_share(
                variants[choice.served], split.validation, self._settings.num_candidates
            )
            metrics = self._measure(variants, choice, split)
            figures = release_figures(variants[choice.served], Histories.of_people(split.seen), split.test)
        return Choices(choice.ridge, choice.epochs, choice.item, star_share), Measured(metrics, figures)

    def _measure(
        self, variants: dict[str, FittedModels], choice: RetrievalChoice, split: Split
    ) -> tuple[SystemMetrics, ...]:
        """Measures once on the test slice; what was chosen on is left out of the lists as seen."""
        seen, test = Histories.of_people(split.seen), Histories.of_people(split.test)
        served = variants[choice.served]
        return (
            *measure_list_baselines(served, choice.ease_penalty, seen, test),
            *(
                SystemMetrics(name, name == choice.served, measure_lists(variant, seen, test))
                for name, variant in variants.items()
            ),
            *measure_stars(served, split.test),
        )

    def _fit_everything(self, choices: Choices) -> FittedModels:
        self._steps.say("Fitting all ratings as chosen:")
        settings = replace(self._settings.fit, ridge=choices.ridge, item=choices.item)
        histories = Histories.of_people(self._dataset)
        with self._steps.step("retrieval"):
            factors = fit.closed_form(histories, self._dataset, settings)
            for tuned in islice(fit.fine_tuned(factors, histories, self._dataset, settings), choices.epochs):
                factors = tuned
            retrieval = fit.with_item_part(fit.encoder(factors, self._dataset, settings), histories, choices.item)
        return fit.assemble(self._dataset, histories, retrieval, self._fit_rating(histories))

    def _fit_rating(self, histories: Histories) -> BlendedEncoder:
        with self._steps.step("ranking head: sampling", self._settings.fit.gibbs.sweeps) as report:
            return fit.fit_rating(histories, self._dataset, self._settings.fit, report)

    def _release_info(self, fitted: FittedModels, choices: Choices, measured: Measured) -> dict[str, Any]:
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
            "config": asdict(self._settings) | {"chosen": asdict(choices)},
            "genres": list(dataset.genres),
            "rating_min": dataset.rating_min,
            "rating_max": dataset.rating_max,
            "candidates": min(self._settings.num_candidates, len(dataset.movies)),
            "like_star_share": choices.like_star_share,
            "metrics": [asdict(system) for system in measured.metrics],
            "figures": measured.figures,
        }
