"""Looks behind the averages: what lists are like, whether stars mean what they say, and for whom it works less well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import rankdata

from trainer.bootstrap import Estimate, estimate
from trainer.metrics import PersonWise

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trainer.histories import Histories

# Places of a list that are looked at: what a person sees.
SHOWN = 10
# Stars from one bin of the calibration table to the next.
BIN_WIDTH = 0.5
# History lengths at which groups of people begin.
LENGTH_EDGES = (0, 10, 20, 50, 100, 200)


@dataclass(frozen=True)
class StarBin:
    """Predictions from `low` up to `high` stars, `high` excluded but for the last: how many, and what was given."""

    low: float
    high: float
    count: int
    predicted: float
    given: float


@dataclass(frozen=True)
class LengthGroup:
    """People with `shortest` to `longest` ratings (None: or more) to learn from, and their metrics."""

    shortest: int
    longest: int | None
    people: int
    values: dict[str, Estimate]


def describe_lists(lists: np.ndarray, histories: Histories, num_movies: int) -> dict[str, PersonWise]:
    """Returns how popular and how novel the first places of lists are, rows [n, length] of all people.

    `popularity_percentile_at_10`: share of the catalogue that fewer people rated than the movie, half of what as many
    did included. `novelty_at_10`: self-information in bits, -log2 of the share of people who rated the movie (of one
    person, where nobody did).
    """
    line, place = np.nonzero(lists[:, :SHOWN] >= 0)
    return _describe(line, lists[line, place], histories, num_movies)


def describe_histories(histories: Histories, num_movies: int) -> dict[str, PersonWise]:
    """Returns how popular and how novel all that people rated is, as `describe_lists` does for lists."""
    return _describe(histories.owners, histories.rows, histories, num_movies)


def _describe(person: np.ndarray, rows: np.ndarray, histories: Histories, num_movies: int) -> dict[str, PersonWise]:
    """Describes entries [n], by the person they are of and their row."""
    counts = np.bincount(person, minlength=len(histories))
    novelty = -np.log2(np.maximum(histories.counts(num_movies), 1) / max(1, len(histories)))
    by_movie = {
        "popularity_percentile_at_10": popularity_percentiles(histories, num_movies),
        "novelty_at_10": novelty,
    }
    totals = {name: np.bincount(person, values[rows], len(histories)) for name, values in by_movie.items()}
    at_least_one = np.maximum(counts, 1)
    return {name: PersonWise(total / at_least_one, (counts > 0).astype(float)) for name, total in totals.items()}


def popularity_percentiles(histories: Histories, num_movies: int) -> np.ndarray:
    """Returns where each movie stands in popularity, [num_movies] from 0 (unknown) to 1 (known best)."""
    return (rankdata(histories.counts(num_movies)) - 0.5) / num_movies


def coverage(lists: np.ndarray, num_movies: int) -> float:
    """Returns the share of the catalogue that is in the first places of anyone's list."""
    shown = lists[:, :SHOWN]
    return len(np.unique(shown[shown >= 0])) / num_movies


def calibrate(predicted: np.ndarray, given: np.ndarray) -> list[StarBin]:
    """Compares predicted stars with those given, bin by bin; bins without a prediction are left out."""
    best = predicted.max(initial=0)
    # The best there is belongs with what is just below it.
    number = np.minimum(predicted // BIN_WIDTH, max(0, np.ceil(best / BIN_WIDTH) - 1)).astype(int)
    bins = []
    for of_bin in np.unique(number):
        is_in = number == of_bin
        bounds = float(of_bin * BIN_WIDTH), float((of_bin + 1) * BIN_WIDTH)
        bins.append(StarBin(*bounds, int(is_in.sum()), float(predicted[is_in].mean()), float(given[is_in].mean())))
    return bins


def by_history_length(lengths: np.ndarray, metrics: Mapping[str, PersonWise]) -> list[LengthGroup]:
    """Returns metrics of people by the `lengths` [n] of their histories; groups without anyone judged are left out."""
    groups = []
    for shortest, end in zip(LENGTH_EDGES, (*LENGTH_EDGES[1:], None), strict=True):
        is_in = (lengths >= shortest) & (lengths < (np.inf if end is None else end))
        of_group = {name: metric.of(is_in) for name, metric in metrics.items()}
        judged = max((int((metric.weight > 0).sum()) for metric in of_group.values()), default=0)
        if judged:
            groups.append(LengthGroup(shortest, end and end - 1, judged, estimate(of_group)))
    return groups
