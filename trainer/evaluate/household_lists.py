"""Protocol households: what a household chooses, and what its two people give the movies both have rated."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from trainer.baselines import BiasModel
from trainer.choose import ChoiceSettings
from trainer.evaluate.accuracy import SERVED, Measured, Systems
from trainer.evaluate.household_choices import judge_choices
from trainer.evaluate.household_settings import choose_settings, combine, pad_members
from trainer.evaluate.households import POINTS_A_STAR
from trainer.fit import FitSettings
from trainer.histories import Histories
from trainer.person_metrics import PersonWise
from trainer.retrieval.search import SearchSettings
from trainer.train import TrainSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.data.dataset import Dataset
    from trainer.evaluate.households import Households
    from trainer.evaluate.served import ServedRelease
    from trainer.progress import Steps

# Homes of two whose stars are predicted: both have rated so many movies, of which a share is held back.
MIN_CO_RATED, CO_RATED_SHARE = 10, 0.2
# Chosen for households here, so not for single people again.
NO_CHOICE = ChoiceSettings(SearchSettings(budget_seconds=0.0, min_gain=1e9), penalties=())


def measure_households(
    households: Households, seed: int, steps: Steps, train: Callable[[Dataset, TrainSettings], ServedRelease]
) -> Measured:
    """Chooses settings on training rows, then ranks each test choice among its negatives, once.

    Movies that nobody rated in training come last; movies scored alike count as their expectation over all orders.
    """
    with steps.step("choosing settings on households' training rows"):
        ridge, combination = choose_settings(households, seed)
    steps.say(f"Chosen: {combination} of {ridge}")
    settings = TrainSettings(fit=FitSettings(ridge=ridge, seed=seed), choice=NO_CHOICE)
    release = train(households.people, settings)
    popularity = np.bincount(households.people.row, minlength=len(households.people.movies))
    systems = {
        SERVED: judge_choices(households, _served_scores(release, households, combination)),
        "popularity": judge_choices(households, popularity[households.test.rows].astype(float)),
    }
    smaller, mean = _measure_homes_of_two(households, settings, train)
    details = {"settings": {"ridge": asdict(ridge), "combination": combination}}
    return Measured({"choices": systems, "homes_of_two_smaller": smaller, "homes_of_two_mean": mean}, details)


def _served_scores(release: ServedRelease, households: Households, combination: str) -> np.ndarray:
    people, is_member = pad_members(households.members, households.test.household)
    shape, rows = people.shape, households.test.rows.astype(np.int32)
    asked = np.repeat(rows, shape[1], axis=0)
    scores, ranks = (part.reshape(*shape, -1) for part in release.order(people.ravel(), asked))
    return combine(scores, ranks, is_member)[combination]


def _measure_homes_of_two(
    households: Households, settings: TrainSettings, train: Callable[[Dataset, TrainSettings], ServedRelease]
) -> tuple[Systems, Systems]:
    """Predicts the smaller and the mean of what two people gave movies both have rated, errors in points of 100."""
    people = households.people
    homes = np.array([members for members in households.members if len(members) == 2]).reshape(-1, 2)
    is_held = _co_rated_held_back(_as_matrix(Histories.of_people(people), people), homes, settings.fit.seed)
    in_test = is_held[people.user, people.row]
    rest, asked = people.take(~in_test), Histories.of_people(people.take(in_test))
    bias = BiasModel(Histories.of_people(rest), len(people.movies)).predict(asked.owners, asked.rows)
    stars = {
        SERVED: train(rest, settings).stars(asked),
        "bias": np.clip(bias, people.rating_min, people.rating_max),
    }
    given = _as_matrix(asked, people)[homes]
    predicted = {
        system: _as_matrix(Histories(asked.offsets, asked.rows, of_system), people)[homes]
        for system, of_system in stars.items()
    }
    smaller, mean = (
        {
            system: {"rmse_points": _error_by_home(of_both(values, axis=1), of_both(given, axis=1))}
            for system, values in predicted.items()
        }
        for of_both in (np.min, np.mean)
    )
    return smaller, mean


def _co_rated_held_back(stars: np.ndarray, homes: np.ndarray, seed: int) -> np.ndarray:
    """Returns [people, movies] bool: a random fifth of the movies both people of a home rated, for both of them."""
    generator, is_held = np.random.default_rng(seed), np.zeros(stars.shape, bool)
    for home in homes:
        both = np.flatnonzero(~np.isnan(stars[home]).any(axis=0))
        if len(both) >= MIN_CO_RATED:
            rows = generator.choice(both, round(CO_RATED_SHARE * len(both)), replace=False)
            is_held[home[:, None], rows] = True
    return is_held


def _as_matrix(entries: Histories, people: Dataset) -> np.ndarray:
    """Returns [people, movies] float32, NaN where there is no entry."""
    stars = np.full((len(entries), len(people.movies)), np.nan, np.float32)
    stars[entries.owners, entries.rows] = entries.ratings
    return stars


def _error_by_home(predicted: np.ndarray, given: np.ndarray) -> PersonWise:
    error = POINTS_A_STAR * (predicted - given).astype(float)
    return PersonWise(np.nansum(error**2, axis=1), (~np.isnan(error)).sum(axis=1).astype(float), root=True)
