"""Trains a release of one of the notebooks' models, as `trainer.train` does one of the default."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from trainer.histories import Histories
from trainer.towers import MULTITASK
from trainer.towers.models import NAMED, multitask
from trainer.train import Chosen, Training, TrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.fit import FittedModels
    from trainer.measure import Choice
    from trainer.progress import Steps
    from trainer.split import Split
    from trainer.towers.models import NamedModel


@dataclass(frozen=True)
class NamedChoice:
    """There is nothing to choose from: a notebook's model has the notebook's settings."""

    served: str
    ease_penalty: None = None
    budget_spent: tuple[str, ...] = ()


def settings_of(model: str, weights: tuple[float, float], seed: int) -> TrainSettings:
    """Returns how a release of the named model, or "default", is made.

    Args:
        model: Its name.
        weights: Of the rating and the retrieval task in the loss of `multitask`.
        seed: Of everything random.
    """
    settings = TrainSettings()
    named = multitask(*weights) if model == MULTITASK else NAMED.get(model)
    return replace(settings, fit=replace(settings.fit, seed=seed), model=named)


def training(dataset: Dataset, settings: TrainSettings, steps: Steps) -> Training:
    """Returns what trains on every interaction of `dataset`: a notebook's model where `settings` name one."""
    return (
        NamedTraining(dataset, settings, steps, settings.model)
        if settings.model
        else Training(dataset, settings, steps)
    )


class NamedTraining(Training):
    """One training run of a notebook's model."""

    def __init__(self, dataset: Dataset, settings: TrainSettings, steps: Steps, model: NamedModel) -> None:
        """Prepares to train on every interaction of `dataset`."""
        super().__init__(dataset, settings, steps)
        self._model = model

    def _try(self, split: Split) -> tuple[dict[str, FittedModels], Choice, Callable[[float], Chosen]]:
        return {self._model.name: self._fit(split.train)}, NamedChoice(self._model.name), Chosen

    def _fit_everything(self, choices: Chosen) -> FittedModels:  # noqa: ARG002 - nothing that is fitted was chosen
        self._steps.say("Fitting all ratings:")
        return self._fit(self._dataset)

    def _fit(self, dataset: Dataset) -> FittedModels:
        with self._steps.step(f"model {self._model.name}"):
            return self._model.fit(dataset, Histories.of_people(dataset), self._settings.fit.seed)

    def _release_info(self, fitted: FittedModels, choices: Chosen) -> dict[str, Any]:
        info = super()._release_info(fitted, choices)
        not_used = ("fit", "choice")
        config = {name: value for name, value in info["config"].items() if name not in not_used}
        return info | {"config": config | {"about": self._model.about}}
