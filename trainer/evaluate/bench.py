"""Where protocols have releases trained; what two of them measure, once."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.data import DataError
from trainer.evaluate.served import ServedRelease
from trainer.towers.training import settings_of, training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from trainer.data.dataset import Dataset
    from trainer.progress import Steps
    from trainer.train import TrainSettings


@dataclass(frozen=True)
class Bench:
    """What protocols work on.

    Attributes:
        dataset: All of the data.
        seeds: Of training; protocols that say so take each, the others the first.
        steps: Where progress is reported.
        releases: How each release was made, and what was chosen for it, as JSON values.
        trained: The first and the latest release, by what they were trained on and how.
    """

    dataset: Dataset
    seeds: Sequence[int]
    steps: Steps
    releases: list[dict[str, Any]] = field(default_factory=list)
    trained: dict[tuple[str, TrainSettings], ServedRelease] = field(default_factory=dict)

    def train(self, dataset: Dataset, settings: TrainSettings) -> ServedRelease:
        """Trains and exports a release on `dataset` and loads it; its files are gone again afterwards.

        Raises:
            DataError: There is nothing to train on.
        """
        if not len(dataset.rating):
            raise DataError("this protocol's split leaves no ratings to train on; choose another protocol or more data")
        key = (dataset.fingerprint(), settings)
        if key not in self.trained:
            # Only the first, P1's, is asked for again: by pairs.
            for later in [*self.trained][1:]:
                del self.trained[later]
            with tempfile.TemporaryDirectory() as folder:
                trained = training(dataset, settings, self.steps).run(Path(folder))
                self.trained[key] = ServedRelease(Path(folder), trained.version, dataset.user_ids.tolist())
            made = {"fingerprint": key[0], "settings": asdict(settings), "chosen": asdict(trained.choices)}
            self.releases.append(made | {"budget_spent": trained.budget_spent})
        return self.trained[key]

    def train_with(self, dataset: Dataset, seed: int, model: str = "default") -> ServedRelease:
        """Trains as `python -m trainer --model --seed` does."""
        return self.train(dataset, settings_of(model, (1.0, 1.0), seed))
