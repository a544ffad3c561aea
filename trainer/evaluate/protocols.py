"""The protocols by name: each cuts the data, trains releases, and measures what they serve."""

from __future__ import annotations

from functools import reduce
from itertools import product
from typing import TYPE_CHECKING

from trainer.data import DataError
from trainer.evaluate import pairs, splits
from trainer.evaluate.accuracy import Measured, SplitMeasure, Systems
from trainer.evaluate.guests import measure_guests, measure_strong
from trainer.evaluate.named import measure_baselines, measure_notebooks
from trainer.evaluate.served import Objective
from trainer.evaluate.tuning import Tuning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import numpy as np

    from trainer.evaluate.bench import Bench
    from trainer.evaluate.served import ServedRelease


def p1(bench: Bench) -> Measured:
    """One random split of 80/20: own lists, what is liked, stars; mean over all seeds."""
    split = splits.split_p1(bench.dataset)
    measure = SplitMeasure(split, bench.seeds[0])
    return _joined(_everything(bench, measure, bench.train_with(split.train, seed)) for seed in bench.seeds)


def folds(bench: Bench) -> Measured:
    """Five random folds, together: as p1; the baselines' settings are found on the first."""
    first, *others = splits.split_folds(bench.dataset, bench.seeds[0])
    tuning = Tuning(first.train, bench.seeds[0])
    return _joined(_of_split(bench, split, tuning) for split in (first, *others))


def by_time(bench: Bench) -> Measured:
    """Each person's last 20 %, from what they rated before: as p1."""
    split = splits.split_by_time(bench.dataset)
    return _of_split(bench, split, Tuning(split.train, bench.seeds[0]))


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
    drawn = pairs.draw_pairs(split.train, split.test)
    truths = {kind: pairs.truth_of(*split, some) for kind, some in drawn.items() if len(some)}
    if "random" not in truths:
        raise DataError("protocol pairs found no two people to draw: nobody liked anything that the other can be shown")
    release = bench.train_with(split.train, bench.seeds[0])
    parts: dict[str, Systems] = {}
    members: dict[str, np.ndarray] = {}
    with bench.steps.step("measuring pairs", 2 * len(truths)) as report:
        for objective, (kind, truth) in product((Objective.LIKE, Objective.WATCH), truths.items()):
            part = f"{kind}, {objective.value}"
            parts[part], members[part] = pairs.measure(release, truth, objective), truth.pairs
            report(len(parts))
    with bench.steps.step("measuring weights"):
        return Measured(parts, {"weights": pairs.by_weight(release, truths["random"])}, members)


PROTOCOLS: dict[str, Callable[[Bench], Measured]] = {
    "p1": p1,
    "folds": folds,
    "time": by_time,
    "item-stratified": by_movie,
    "pairs": of_pairs,
    "guests": measure_guests,
    "strong": measure_strong,
    "baselines": measure_baselines,
    "notebooks": measure_notebooks,
}


def _of_split(bench: Bench, split: splits.TrainTest, tuning: Tuning) -> Measured:
    seed = bench.seeds[0]
    return _everything(bench, SplitMeasure(split, seed, tuning), bench.train_with(split.train, seed))


def _everything(bench: Bench, measure: SplitMeasure, release: ServedRelease) -> Measured:
    with bench.steps.step("measuring"):
        measured = [measure.lists(release), measure.like(release), measure.stars(release)]
    parts = {part: systems for one in measured for part, systems in one.parts.items()}
    return Measured(parts, {name: value for one in measured for name, value in one.details.items()})


def _joined(runs: Iterable[Measured]) -> Measured:
    return reduce(Measured.joined, runs)
