"""The protocols by name: each cuts the data, trains releases, and measures what they serve."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from server.recommender.queries import MILLION, Strategy
from trainer.evaluate import pairs, splits
from trainer.evaluate.accuracy import Measured, SplitMeasure, Systems
from trainer.evaluate.guests import measure_guests, measure_strong
from trainer.evaluate.served import Objective, ServedRelease
from trainer.person_metrics import PersonWise
from trainer.train import Training, TrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trainer.data.dataset import Dataset
    from trainer.progress import Steps

# Of 1: how much the first of a pair counts, from one end to the other.
WEIGHTS = np.linspace(0, 1, 11)
PAIR_METRICS = ("ndcg_at_20_mean", "ndcg_at_20_min", "min_to_max", "zero_recall_at_20")


@dataclass(frozen=True)
class Bench:
    """What protocols work on.

    Attributes:
        dataset: All of the data.
        seeds: Of training; protocols that say so take each, the others the first.
        steps: Where progress is reported.
        releases: How each release was made, and what was chosen for it, as JSON values.
        trained: Releases by what they were trained on and how, so that protocols share them.
    """

    dataset: Dataset
    seeds: Sequence[int]
    steps: Steps
    releases: list[dict[str, Any]] = field(default_factory=list)
    trained: dict[tuple[str, TrainSettings], ServedRelease] = field(default_factory=dict)

    def train(self, dataset: Dataset, settings: TrainSettings) -> ServedRelease:
        """Trains and exports a release on `dataset` and loads it; its files are gone again afterwards."""
        key = (dataset.fingerprint(), settings)
        if key not in self.trained:
            with tempfile.TemporaryDirectory() as folder:
                trained = Training(dataset, settings, self.steps).run(Path(folder))
                self.trained[key] = ServedRelease(Path(folder), trained.version, dataset.user_ids.tolist())
            made = {"fingerprint": key[0], "settings": asdict(settings), "chosen": asdict(trained.choices)}
            self.releases.append(made)
        return self.trained[key]

    def train_with(self, dataset: Dataset, seed: int) -> ServedRelease:
        """Trains as `python -m trainer --seed` does."""
        settings = TrainSettings()
        return self.train(dataset, replace(settings, fit=replace(settings.fit, seed=seed)))


def p1(bench: Bench) -> Measured:
    """One random split of 80/20: own lists, what is liked, stars; mean over all seeds."""
    split = splits.split_p1(bench.dataset)
    measure = SplitMeasure(split, bench.seeds[0])
    return _joined([_everything(bench, measure, bench.train_with(split.train, seed)) for seed in bench.seeds])


def folds(bench: Bench) -> Measured:
    """Five random folds, together: as p1."""
    seed = bench.seeds[0]
    return _joined(
        [
            _everything(bench, SplitMeasure(split, seed), bench.train_with(split.train, seed))
            for split in splits.split_folds(bench.dataset, seed)
        ]
    )


def by_time(bench: Bench) -> Measured:
    """Each person's last 20 %, from what they rated before: as p1."""
    seed, split = bench.seeds[0], splits.split_by_time(bench.dataset)
    return _everything(bench, SplitMeasure(split, seed), bench.train_with(split.train, seed))


def by_movie(bench: Bench) -> Measured:
    """A quarter of each movie's ratings held back, lists of 10; mean over all seeds, each with its own split."""
    measured = []
    for seed in bench.seeds:
        split = splits.split_by_movie(bench.dataset, seed)
        release = bench.train_with(split.train, seed)
        with bench.steps.step("measuring"):
            measured.append(SplitMeasure(split, seed).lists(release))
    return _joined(measured)


def of_pairs(bench: Bench) -> Measured:
    """One list for two, on p1's split and release: four kinds of pairs, every strategy, every weight."""
    split = splits.split_p1(bench.dataset)
    release = bench.train_with(split.train, bench.seeds[0])
    parts: dict[str, Systems] = {}
    drawn = pairs.draw_pairs(split.train, split.test)
    truths = {kind: pairs.truth_of(*split, some) for kind, some in drawn.items() if len(some)}
    with bench.steps.step("measuring pairs", 2 * len(truths)) as report:
        for objective in (Objective.LIKE, Objective.WATCH):
            for kind, truth in truths.items():
                measured = pairs.measure(release, truth, objective)
                parts[f"{kind}, {objective.value}"] = {name: _by_pair(values) for name, values in measured.items()}
                report(len(parts))
    with bench.steps.step("measuring weights"):
        details = {"weights": _by_weight(release, truths["random"])} if truths else {}
    return Measured(parts, details)


def guests(bench: Bench) -> Measured:
    """100 people held out whole, in order of time: their stars, from their first ratings."""
    seed = bench.seeds[0]
    return measure_guests(bench.dataset, seed, lambda others: bench.train_with(others, seed))


def strong(bench: Bench) -> Measured:
    """A tenth of the people held out whole, ranked from 80 % of what they liked (made for MovieLens-20M)."""
    seed = bench.seeds[0]
    return measure_strong(bench.dataset, seed, lambda others: bench.train_with(others, seed))


PROTOCOLS: dict[str, Callable[[Bench], Measured]] = {
    "p1": p1,
    "folds": folds,
    "time": by_time,
    "item-stratified": by_movie,
    "pairs": of_pairs,
    "guests": guests,
    "strong": strong,
}


def _everything(bench: Bench, measure: SplitMeasure, release: ServedRelease) -> Measured:
    with bench.steps.step("measuring"):
        measured = [measure.lists(release), measure.like(release), measure.stars(release)]
    parts = {part: systems for one in measured for part, systems in one.parts.items()}
    details = {name: value for one in measured for name, value in one.details.items()}
    return Measured(parts, details)


def _joined(runs: Sequence[Measured]) -> Measured:
    return reduce(Measured.joined, runs)


def _by_pair(values: Mapping[str, np.ndarray]) -> dict[str, PersonWise]:
    return {name: PersonWise(values[name], np.ones(len(values[name]))) for name in PAIR_METRICS}


def _by_weight(release: ServedRelease, truth: pairs.PairTruth) -> dict[str, list[dict[str, float]]]:
    """Returns each member's NDCG@20 on average, for each weight of the first."""
    return {
        strategy.value: [
            {"first_weight": float(weight)}
            | {
                name: float(values.mean())
                for name, values in pairs.judge(_weighted(release, truth, strategy, weight), truth).items()
            }
            for weight in WEIGHTS
        ]
        for strategy in Strategy
    }


def _weighted(release: ServedRelease, truth: pairs.PairTruth, strategy: Strategy, weight: float) -> np.ndarray:
    return pairs.pair_lists(release, truth.pairs, Objective.LIKE, strategy, round(weight * MILLION))
