"""Chooses how members' tastes become a household's, and the settings of retrieval for it, on training rows alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trainer.evaluate.household_choices import judge_choices
from trainer.evaluate.households import NUM_NEGATIVES, Choices, Households
from trainer.fit import FitSettings, closed_form, encoder
from trainer.histories import Histories
from trainer.retrieval.ridge import RidgeSettings
from trainer.retrieval.search import SearchSettings, search_settings

# Choices held back of each household: four times as many as it has in test, against the noise.
HELD_BACK = 20
START = RidgeSettings(dim=32)
SEARCH = SearchSettings(budget_seconds=90.0, min_gain=0.003, max_dim=64)
MAX_CELLS = 1 << 16
# As in server.recommender.fusion, for any number of members.
RANK_OFFSET = 10


def choose_settings(households: Households, seed: int) -> tuple[RidgeSettings, str]:
    """Returns the settings and the way to combine that rank held-back choices best, by NDCG@10.

    Of each household some training choices are held back, with what its members said of those movies, and ranked
    among random movies that the household did not choose in training.
    """
    validation = _hold_back(households, np.random.default_rng(seed))

    def quality(settings: RidgeSettings) -> dict[str, float]:
        ways = combine(*_member_scores(validation, settings, seed))
        metrics = {name: judge_choices(validation, scores)["ndcg_at_10"] for name, scores in ways.items()}
        return {name: metric.total.sum() / metric.weight.sum() for name, metric in metrics.items()}

    ridge = search_settings(START, lambda settings: quality(settings)["average"], SEARCH)
    by_way = quality(ridge)
    return ridge, max(by_way, key=by_way.__getitem__)


def combine(scores: np.ndarray, ranks: np.ndarray, is_member: np.ndarray) -> dict[str, np.ndarray]:
    """Returns the household's scores [n, c] by each way to combine.

    Args:
        scores: [n, members, c]; higher is better.
        ranks: [n, members, c] from 1 in each member's whole catalogue.
        is_member: [n, members] bool, false for padding.
    """
    counts = is_member[..., None]
    return {
        "average": (scores * counts).sum(axis=1) / counts.sum(axis=1),
        "rank_fusion": (counts / (RANK_OFFSET + ranks)).sum(axis=1),
        "least_misery": np.where(counts, scores, np.inf).min(axis=1),
        "most_pleasure": np.where(counts, scores, -np.inf).max(axis=1),
    }


def pad_members(members: tuple[np.ndarray, ...], household: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the members of each of `household` [n], people [n, most] padded with the first, and who is none."""
    most = max(map(len, members))
    people = np.array([[*home, *[home[0]] * (most - len(home))] for home in members])
    is_member = np.arange(most) < np.array([len(home) for home in members])[:, None]
    return people[household], is_member[household]


def _hold_back(households: Households, generator: np.random.Generator) -> Households:
    order = generator.permutation(len(households.row))
    order = order[np.argsort(households.household[order], kind="stable")]
    count = np.bincount(households.household, minlength=len(households.members))
    place = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    held = order[place < HELD_BACK]
    household, row = households.household[held], households.row[held]
    num_movies = len(households.people.movies)
    chosen = np.zeros((len(households.members), num_movies), bool)
    chosen[households.household, households.row] = True
    negatives = [generator.choice(np.flatnonzero(~chosen[home]), NUM_NEGATIVES) for home in household]
    is_held = np.zeros((len(households.people.user_ids), num_movies), bool)
    for home, movie in zip(household, row, strict=True):
        is_held[households.members[home], movie] = True
    people = households.people
    kept = people.take(~is_held[people.user, people.row])
    return replace(households, people=kept, test=Choices(household, np.column_stack((row, negatives))))


def _member_scores(
    households: Households, settings: RidgeSettings, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns scores and ranks of the test rows for each member, [n, members, c], and who is no padding."""
    people = households.people
    histories = Histories.of_people(people)
    fitting = FitSettings(ridge=settings, seed=seed)
    retrieval = encoder(closed_form(histories, people, fitting), people, fitting)
    scores = histories.encoded(retrieval.encode, MAX_CELLS) @ retrieval.candidates.T
    ranks = np.argsort(np.argsort(-scores, axis=1), axis=1) + 1
    member, is_member = pad_members(households.members, households.test.household)
    of_line = (member[:, :, None], households.test.rows[:, None, :])
    return scores[of_line], ranks[of_line], is_member
