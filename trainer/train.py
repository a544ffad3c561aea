"""Trains a release: chooses on one slice, reports on another, then fits every row and exports."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING, Any

from trainer import fit
from trainer.choose import ChoiceSettings, Chooser
from trainer.evaluate.like import choose_like_star_share, like_metrics
from trainer.histories import Histories
from trainer.measure import measure_systems, release_figures
from trainer.metrics import liked
from trainer.release.export import export
from trainer.release.index_choice import BRUTEFORCE, SCANN
from trainer.split import Split, random_split

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels, ItemSettings
    from trainer.measure import Choice, SystemMetrics
    from trainer.progress import Steps
    from trainer.rating.blend import BlendedEncoder
    from trainer.release.gate import Gate
    from trainer.retrieval.ridge import RidgeSettings
    from trainer.towers.models import NamedModel

VERSIONS_RECORDED = ("numpy", "pyarrow", "scipy", "tensorflow", "tensorflow-recommenders", "tf-keras")


@dataclass(frozen=True)
class TrainSettings:
    """How a release is made.

    Attributes:
        fit: How models are fitted, as far as it is not chosen.
        choice: What is tried when settings are chosen.
        held_back: Share of the interactions in the validation slice, and again in the test slice.
        num_candidates: k, how many candidates the index finds for a person, or the catalogue if it is smaller.
        index: How the index searches, one of `INDEXES`; see `check_index`.
        model: One of the notebooks' models, in place of what `fit` and `choice` make.
    """

    fit: fit.FitSettings = field(default_factory=fit.FitSettings)
    choice: ChoiceSettings = field(default_factory=ChoiceSettings)
    held_back: float = 0.1
    num_candidates: int = 200
    index: str = BRUTEFORCE
    model: NamedModel | None = None


@dataclass(frozen=True)
class Chosen:
    """What was chosen on the validation slice, whatever the model: how much stars count in LIKE."""

    like_star_share: float

    @property
    def summary(self) -> str:
        """What was chosen, in words."""
        return f"stars count {self.like_star_share:.0%} in LIKE"


@dataclass(frozen=True)
class Choices(Chosen):
    """What was chosen for the default model.

    Attributes:
        ridge: Settings of the closed form.
        epochs: Passes of fine-tuning; 0: the closed-form start.
        item: The item-to-item part; of weight 0: none.
    """

    ridge: RidgeSettings
    epochs: int
    item: ItemSettings

    @property
    def summary(self) -> str:
        """What was chosen, in words."""
        return (
            f"{self.ridge.dim} dimensions, unobserved weight {self.ridge.unobserved_weight:.3g}, "
            f"regularization {self.ridge.regularization:.3g}, {self.epochs} epochs of fine-tuning, "
            f"item-to-item weight {self.item.weight:g}, {super().summary}"
        )


@dataclass(frozen=True)
class Trained:
    """A finished release; `budget_spent` are the parts whose time ran out, so that another machine may differ."""

    version: int
    choices: Chosen
    metrics: tuple[SystemMetrics, ...]
    budget_spent: tuple[str, ...]


class Training:
    """One training run."""

    def __init__(self, dataset: Dataset, settings: TrainSettings, steps: Steps) -> None:
        """Prepares to train on every interaction of `dataset`."""
        self._dataset, self._settings, self._steps = dataset, settings, steps
        self._budget_spent: set[str] = set()

    def run(self, root: Path, gate: Gate | None = None) -> Trained:
        """Trains one release and publishes it under `root`, if the gate lets it.

        Raises:
            OSError: The release cannot be written; what is there already stays as it is.
            ReleaseRefusedError: The gate refused it; there is no release more.
        """
        self._steps.say(
            f"{self._dataset.name}: {len(self._dataset.rating):,} ratings of {len(self._dataset.movies):,} movies "
            f"by {len(self._dataset.user_ids):,} people"
        )
        choices, metrics, figures = self._choose_and_measure()
        fitted = self._fit_everything(choices)
        measured = {"metrics": [asdict(system) for system in metrics], "figures": figures}
        with self._steps.step("exporting the release"):
            version = export(root, fitted, self._release_info(fitted, choices) | measured, gate)
        return Trained(version, choices, metrics, tuple(sorted(self._budget_spent)))

    def _choose_and_measure(self) -> tuple[Chosen, tuple[SystemMetrics, ...], dict[str, Any]]:
        """Fits to what is left of the data when both slices are held back; adds what `trainer.measure` found."""
        share = f"{self._settings.held_back:.0%}"
        self._steps.say(f"Choosing on {share} of the ratings, measuring on another {share}:")
        split = random_split(self._dataset.latest(), self._settings.held_back, self._settings.fit.seed)
        variants, choice, chosen = self._try(split)
        with self._steps.step("measuring"):
            star_share = choose_like_star_share(
                variants[choice.served], split.validation, self._settings.num_candidates
            )
            metrics = measure_systems(variants, choice, split)
            seen = Histories.of_people(split.seen)
            figures = release_figures(variants[choice.served], seen, split.test, split.judged)
            # The last is the ranking head, which makes LIKE lists differ from the others.
            metrics[-1].values.update(self._measure_like(variants[choice.served], seen, split.test, star_share))
        self._budget_spent.update(choice.budget_spent)
        return chosen(star_share), metrics, figures

    def _measure_like(
        self, fitted: FittedModels, seen: Histories, held_back: Dataset, star_share: float
    ) -> dict[str, float]:
        """Returns the NDCG@10 of LIKE lists, where only what was liked is relevant; nothing where nobody is judged."""
        relevant = Histories.of_people(liked(held_back))
        (judged,) = like_metrics(fitted, seen, relevant, self._settings.num_candidates, [star_share])
        return {f"like_{name}": value for name, value in judged.items() if name == "ndcg_at_10"}

    def _try(self, split: Split) -> tuple[dict[str, FittedModels], Choice, Callable[[float], Chosen]]:
        """Returns what was fitted to the train slice, which of it is chosen, and what makes that of a star share."""
        histories, validation = Histories.of_people(split.train), Histories.of_people(split.validation)
        chooser = Chooser(self._dataset, (histories, validation), self._settings.choice)
        choice = chooser.choose(self._settings.fit, self._steps)
        rating = self._fit_rating(histories)
        variants = {
            name: fit.assemble(split.train, histories, encoder, rating, split.judged)
            for name, encoder in choice.encoders.items()
        }
        return variants, choice, partial(Choices, ridge=choice.ridge, epochs=choice.epochs, item=choice.item)

    def _fit_everything(self, choices: Any) -> FittedModels:  # noqa: ANN401 - of `_try`'s kind
        self._steps.say("Fitting all ratings as chosen:")
        settings = replace(self._settings.fit, ridge=choices.ridge, item=choices.item)
        histories = Histories.of_people(self._dataset)
        with self._steps.step("retrieval"):
            factors = fit.factors(histories, self._dataset, settings, choices.epochs)
            retrieval = fit.with_item_part(fit.encoder(factors, self._dataset, settings), histories, choices.item)
        return fit.assemble(self._dataset, histories, retrieval, self._fit_rating(histories))

    def _fit_rating(self, histories: Histories) -> BlendedEncoder:
        wanted, made = self._settings.fit.gibbs.sweeps, 0

        def on_sweep(done: int) -> None:
            nonlocal made
            made = done
            report(done)

        with self._steps.step("ranking head: sampling", wanted) as report:
            rating = fit.fit_rating(histories, self._dataset, self._settings.fit, on_sweep)
        if made < wanted:
            self._budget_spent.add("ranking head: sampling")
        return rating

    def _packages(self) -> tuple[str, ...]:
        return (*VERSIONS_RECORDED, SCANN) if self._settings.index == SCANN else VERSIONS_RECORDED

    def _release_info(self, fitted: FittedModels, choices: Chosen) -> dict[str, Any]:
        """Returns what release.json says beside version, embedding size and what was measured."""
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
            | {package: metadata.version(package) for package in self._packages()},
            "config": asdict(self._settings) | {"chosen": asdict(choices)},
            "genres": list(dataset.genres),
            "rating_min": dataset.rating_min,
            "rating_max": dataset.rating_max,
            "candidates": min(self._settings.num_candidates, len(dataset.movies)),
            "index": self._settings.index,
            "like_star_share": choices.like_star_share,
            "budget_spent": sorted(self._budget_spent),
        }
