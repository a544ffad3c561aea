"""Protocol households: what a household chooses, and what its two people give the movies both have rated."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from trainer.baselines import BiasModel
from trainer.choose import ChoiceSettings
from trainer.choose_item import ItemSearch
from trainer.evaluate.accuracy import SERVED, Measured, Systems
from trainer.evaluate.households import POINTS_A_STAR
from trainer.evaluate.tuning import Tuning
from trainer.fit import FitSettings
from trainer.histories import Histories
from trainer.metrics import PersonWise, judge_scores, ndcg
from trainer.retrieval.item_to_item import Ease
from trainer.retrieval.ridge import RidgeSettings
from trainer.retrieval.search import SearchSettings
from trainer.train import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.evaluate.bench import Bench
    from trainer.evaluate.households import Households
    from trainer.evaluate.served import ServedRelease

# Homes of two whose stars are predicted: both have rated so many movies, of which a share is held back.
MIN_CO_RATED, CO_RATED_SHARE = 10, 0.2
# 32 dimensions were found on choices of households held back from training (docs/decisions.md), and there is no
# item-to-item part; all else is chosen on people's training rows, as for any data.
SETTINGS = TrainSettings(
    fit=FitSettings(ridge=RidgeSettings(dim=32)),
    choice=ChoiceSettings(SearchSettings(max_dim=32), ItemSearch(budget_seconds=0.0)),
)
DEPTHS = (5, 10)
# Below all scores; what is minus infinity is in no list at all.
LAST = np.finfo(np.float32).min


def measure_households(bench: Bench, households: Households) -> Measured:
    """Ranks each test choice among its negatives by the members' mean score, and predicts the stars of homes of two.

    Trains with SETTINGS, not with what `python -m trainer` has.
    """
    train = partial(bench.train, settings=replace(SETTINGS, fit=replace(SETTINGS.fit, seed=bench.seeds[0])))
    release = train(households.people)
    # The mean of query embeddings has the mean of their scores.
    homes = np.stack([release.embeddings[members].mean(axis=0) for members in households.members])
    popularity = np.bincount(households.people.row, minlength=len(households.people.movies))
    served = release.scores(homes[households.household], households.rows.astype(np.int32))
    choices = {
        SERVED: judge_choices(households, served),
        "popularity": judge_choices(households, popularity[households.rows]),
    }
    penalty = Tuning(households.people, bench.seeds[0]).ease_penalty
    if penalty:
        ease = Ease(Histories.of_people(households.people), len(households.people.movies), penalty)
        of_homes = np.stack([ease.scores(members).mean(axis=0) for members in households.members])
        choices["ease"] = judge_choices(households, of_homes[households.household[:, None], households.rows])
    in_test = _co_rated_held_back(households, bench.seeds[0])
    if in_test.any():
        return Measured({"choices": choices} | _measure_homes_of_two(households, in_test, train))
    note = f"no home of two has {MIN_CO_RATED} movies that both rated: predicted stars are not measured"
    bench.steps.say(note)
    return Measured({"choices": choices}, {"note": note})


def judge_choices(households: Households, scores: np.ndarray) -> dict[str, PersonWise]:
    """Returns hit rates and NDCG by household, of scores [n, 1 + NUM_NEGATIVES] whose first column is what was chosen.

    Movies that nobody rated in training come last; equal scores count as their expectation over all orders.
    """
    owner, num_lines = households.household, len(scores)
    scores = np.where(np.isin(households.rows, households.people.row), scores, LAST)
    nothing = Histories(np.zeros(num_lines + 1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))
    first = Histories(np.arange(num_lines + 1), np.zeros(num_lines, np.int32), np.ones(num_lines, np.float32))
    judged = judge_scores(lambda lines: scores[lines], nothing, first)
    values = {}
    for depth in DEPTHS:
        values[f"hit_rate_at_{depth}"] = judged.hits[:, :depth].sum(axis=1)
        values[f"ndcg_at_{depth}"] = ndcg(judged.hits, judged.relevant_count, depth)
    totals = {name: np.bincount(owner, of, len(households.members)) for name, of in values.items()}
    lines = np.bincount(owner, minlength=len(households.members)).astype(float)
    return {name: PersonWise(total, lines) for name, total in totals.items()}


def _co_rated_held_back(households: Households, seed: int) -> np.ndarray:
    """Returns which rows of the data to hold back: a random fifth of what both of a home of two rated."""
    people = households.people
    is_rated, is_held = np.zeros((2, len(people.user_ids), len(people.movies)), bool)
    is_rated[people.user, people.row] = True
    generator = np.random.default_rng(seed)
    for home in (members for members in households.members if len(members) == 2):
        both = np.flatnonzero(is_rated[home].all(axis=0))
        if len(both) >= MIN_CO_RATED:
            rows = generator.choice(both, round(CO_RATED_SHARE * len(both)), replace=False)
            is_held[home[:, None], rows] = True
    return is_held[people.user, people.row]


def _measure_homes_of_two(
    households: Households, in_test: np.ndarray, train: Callable[[Dataset], ServedRelease]
) -> dict[str, Systems]:
    """Predicts the smaller and the mean of what two people gave movies both have rated, errors in points of 100."""
    people = households.people
    rest, asked = people.take(~in_test), Histories.of_people(people.take(in_test))
    bias = BiasModel(Histories.of_people(rest), len(people.movies)).predict(asked.owners, asked.rows)
    predicted = {
        SERVED: train(rest).stars(asked),
        "bias": np.clip(bias, people.rating_min, people.rating_max),
    }
    home_of = np.zeros(len(people.user_ids), int)
    for home, members in enumerate(households.members):
        home_of[members] = home
    # Side by side what the two of a home gave each movie.
    order = np.lexsort((asked.rows, home_of[asked.owners])).reshape(-1, 2)
    home, count = home_of[asked.owners[order[:, 0]]], len(households.members)

    def errors(stars: np.ndarray, of_both: Callable[..., np.ndarray]) -> dict[str, PersonWise]:
        error = POINTS_A_STAR * (of_both(stars[order], axis=1) - of_both(asked.ratings[order], axis=1)).astype(float)
        weight = np.bincount(home, minlength=count).astype(float)
        return {"rmse_points": PersonWise(np.bincount(home, error**2, count), weight, root=True)}

    return {
        f"homes_of_two_{name}": {system: errors(stars, of_both) for system, stars in predicted.items()}
        for name, of_both in (("smaller", np.min), ("mean", np.mean))
    }
