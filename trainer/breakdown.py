"""Looks behind the averages: what lists are like, whether stars mean what they say, and for whom it works less well."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from trainer.bootstrap import Estimate, estimate
from trainer.person_metrics import PersonWise

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
    shown = lists[:, :SHOWN]
    listed = shown >= 0
    line, place = np.nonzero(listed)
    percentile, novelty = popularity_percentiles(histories, num_movies), _novelty(histories, num_movies)
    count = (listed.sum(axis=1) > 0).astype(float)
    per_place = np.maximum(listed.sum(axis=1), 1)

    def mean_of(values: np.ndarray) -> PersonWise:
        totals = np.bincount(line, values[shown[line, place]], minlength=len(lists))
        return PersonWise(totals / per_place, count)

    return {"popularity_percentile_at_10": mean_of(percentile), "novelty_at_10": mean_of(novelty)}


def describe_histories(histories: Histories, num_movies: int) -> dict[str, PersonWise]:
    """Returns how popular what people rated is, as `describe_lists` does for lists."""
    percentile = popularity_percentiles(histories, num_movies)
    totals = np.bincount(histories.owners, percentile[histories.rows], minlength=len(histories))
    counts = histories.lengths
    return {"popularity_percentile_at_10": PersonWise(totals / np.maximum(counts, 1), (counts > 0).astype(float))}


def popularity_percentiles(histories: Histories, num_movies: int) -> np.ndarray:
    """Returns where each movie stands in popularity, [num_movies] from 0 (unknown) to 1 (known best)."""
    counts = histories.counts(num_movies)
    ascending = np.sort(counts)
    fewer, not_more = (np.searchsorted(ascending, counts, side) for side in ("left", "right"))
    return (fewer + not_more) / (2 * num_movies)


def _novelty(histories: Histories, num_movies: int) -> np.ndarray:
    return -np.log2(np.maximum(histories.counts(num_movies), 1) / max(1, len(histories)))


def coverage(lists: np.ndarray, num_movies: int) -> float:
    """Returns the share of the catalogue that is in the first places of anyone's list."""
    shown = lists[:, :SHOWN]
    return len(np.unique(shown[shown >= 0])) / num_movies


def calibrate(predicted: np.ndarray, given: np.ndarray) -> list[StarBin]:
    """Compares predicted stars with those given, bin by bin; bins without a prediction are left out."""
    number = np.floor(predicted / BIN_WIDTH).astype(int)
    # The best there is belongs with what is just below it.
    number[predicted == predicted.max(initial=0)] = max(0, int(np.ceil(predicted.max(initial=0) / BIN_WIDTH)) - 1)
    return [
        StarBin(
            low=bin_number * BIN_WIDTH,
            high=(bin_number + 1) * BIN_WIDTH,
            count=int((number == bin_number).sum()),
            predicted=float(predicted[number == bin_number].mean()),
            given=float(given[number == bin_number].mean()),
        )
        for bin_number in np.unique(number).tolist()
    ]


def by_history_length(lengths: np.ndarray, metrics: Mapping[str, PersonWise]) -> list[LengthGroup]:
    """Returns metrics of people by the `lengths` [n] of their histories; groups without anyone judged are left out."""
    bounds = zip(LENGTH_EDGES, (*(edge - 1 for edge in LENGTH_EDGES[1:]), None), strict=True)
    groups = []
    for shortest, longest in bounds:
        is_in = (lengths >= shortest) & (lengths <= (np.inf if longest is None else longest))
        of_group = {name: metric.of(is_in) for name, metric in metrics.items()}
        judged = max((int((metric.weight > 0).sum()) for metric in of_group.values()), default=0)
        if judged:
            groups.append(LengthGroup(shortest, longest, judged, estimate(of_group)))
    return groups
