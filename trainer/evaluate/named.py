"""Measures the notebooks' models: beside the default on one split, and as the notebooks themselves did."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from trainer.baselines import popularity
from trainer.evaluate.accuracy import SERVED, Measured, SplitMeasure, Systems
from trainer.evaluate.splits import TrainTest, split_p1
from trainer.histories import Histories
from trainer.metrics import PersonWise, best_lists
from trainer.towers import NAMES
from trainer.towers.models import NAMED, multitask

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.evaluate.bench import Bench
    from trainer.towers.models import NamedModel

SHOWN = ("ndcg_at_10", "top_100", "rmse")
# Of notebook A: rows, as many at a time and with this seed, of which so many are trained on.
SHUFFLED_AT_ONCE, SHUFFLE_SEED, TRAIN_SHARE = 100_000, 37, 0.8
# Of notebook D: of each person's rows, the share of the test, and that of test and validation, which is not used here.
TEST_SHARE, HELD_BACK_SHARE = 0.2, 0.3
DEPTHS = (1, 5, 10, 100)
Metrics = dict[str, PersonWise]


def measure_baselines(bench: Bench) -> Measured:
    """Measures the default, the notebooks' models, EASE, popularity and models of stars on P1's split, in one table."""
    split, seed = split_p1(bench.dataset), bench.seeds[0]
    measure, systems, parts = SplitMeasure(split, seed), Systems(), dict[str, Systems]()
    for model in ("default", *_able(bench.dataset)):
        release = bench.train_with(split.train, seed, model)
        with bench.steps.step("measuring"):
            parts = measure.lists(release).parts | measure.stars(release).parts
        systems[model] = parts["watch"][SERVED] | parts["stars"][SERVED]
    others = parts["watch"] | parts["stars"]
    systems |= {name: metrics for name, metrics in others.items() if name not in (SERVED, "histories")}
    shown = {name: {key: of[key] for key in SHOWN if key in of} for name, of in systems.items()}
    return Measured({"baselines": shown})


def measure_notebooks(bench: Bench) -> Measured:
    """Measures each notebook's model as the notebook did, nothing masked: seen movies are in the running too."""
    dataset, seed = bench.dataset, bench.seeds[0]
    shuffled, by_person = split_shuffled(dataset), split_by_person(dataset, seed)
    runs = {"multitask, weights 1 and 0": (multitask(1.0, 0.0), shuffled)}
    runs |= {name: (NAMED[name], by_person if name == "mf" else shuffled) for name in _able(dataset)}
    parts: dict[str, Systems] = {}
    for name, (model, split) in runs.items():
        with bench.steps.step(name):
            scores = popularity(Histories.of_people(split.train), len(dataset.movies))
            parts[name] = {name: by_notebook(model, split, seed), "popularity": _unmasked(scores, split.test)}
    return Measured(parts)


def by_notebook(model: NamedModel, split: TrainTest, seed: int) -> Metrics:
    """Returns how often the movie of a test row is among a person's first of all movies, and the error in stars."""
    fitted = model.fit(split.train, Histories.of_people(split.train), seed)
    stars = fitted.predict_stars(split.test.user, split.test.row)
    return _unmasked(fitted.retrieval_scores, split.test) | _errors(stars, split.test)


def _able(dataset: Dataset) -> list[str]:
    """Returns the models that can be trained on the data: what knows nothing but content needs some."""
    return [name for name in NAMES if name != "content" or dataset.genres]


def _unmasked(score: Callable[[np.ndarray], np.ndarray], test: Dataset) -> Metrics:
    """Returns the share of test rows whose movie is among the person's first 1, 5, 10 and 100 of all movies."""
    num_people = len(test.user_ids)
    nothing = Histories(np.zeros(num_people + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    found = best_lists(score, nothing, np.arange(num_people))[test.user] == test.row[:, None]
    return {f"top_{depth}": _mean(found[:, :depth].any(axis=1), test) for depth in DEPTHS}


def _errors(stars: np.ndarray, test: Dataset) -> Metrics:
    return {"rmse": _mean((stars - test.rating.astype(float)) ** 2, test, root=True)}


def _mean(values: np.ndarray, test: Dataset, root: bool = False) -> PersonWise:
    """Returns the mean of values of test rows [n], by person."""
    totals, counts = (np.bincount(test.user, each, len(test.user_ids)) for each in (values, np.ones(len(values))))
    return PersonWise(totals, counts, root)


def split_shuffled(dataset: Dataset) -> TrainTest:
    """Cuts 80/20 after a shuffle by tf.data, repeated ratings included, as notebooks A, B, C and E do."""
    # The seed of the shuffle alone would leave it to what was seeded before.
    tf.random.set_seed(SHUFFLE_SEED)
    rows = tf.data.Dataset.range(len(dataset.rating)).shuffle(SHUFFLED_AT_ONCE, SHUFFLE_SEED)
    order = np.fromiter(rows.as_numpy_iterator(), np.int64)
    size = round(TRAIN_SHARE * len(order))
    return TrainTest(dataset.take(order[:size]), dataset.take(order[size:]))


def split_by_person(dataset: Dataset, seed: int) -> TrainTest:
    """Cuts off a random 20 % of each person's rows for the test, and 10 % more that nothing here learns from."""
    order = np.lexsort((np.random.default_rng(seed).random(len(dataset.user)), dataset.user))
    lengths = np.bincount(dataset.user, minlength=len(dataset.user_ids))
    place = np.arange(len(order)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    share = place / np.repeat(lengths, lengths)
    test, train = order[share < TEST_SHARE], order[share >= HELD_BACK_SHARE]
    return TrainTest(dataset.take(np.sort(train)), dataset.take(np.sort(test)))
