"""Metrics kept person by person, so that they can be resampled, compared in pairs, and looked at group by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import gammaln

from trainer.metrics import LIST_LENGTH, find_hits, ndcg, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.histories import Histories

# Places after which it is asked whether a list had any hit yet.
MISS_DEPTHS = (10, 20)


@dataclass(frozen=True)
class PersonWise:
    """One metric of n people: the sum of `total` over the sum of `weight`, or the root of that.

    Attributes:
        total: [n] float64; 0 for people who are not judged.
        weight: [n] float64; 0 for people who are not judged.
        root: Whether the metric is the root of the ratio.
    """

    total: np.ndarray
    weight: np.ndarray
    root: bool = False

    def __add__(self, other: PersonWise) -> PersonWise:
        """Joins two runs over the same people."""
        return PersonWise(self.total + other.total, self.weight + other.weight, self.root)

    def of(self, people: np.ndarray) -> PersonWise:
        """Returns the same metric of some people, by place or as [n] bool."""
        return PersonWise(self.total[people], self.weight[people], self.root)

    def is_judged(self) -> bool:
        """Returns whether there is anyone to judge by; otherwise the metric has no value."""
        return bool(self.weight.sum() > 0)


@dataclass(frozen=True)
class JudgedLists:
    """One list a person against what is relevant to them.

    Where a system scores movies alike, its list is every order of them at once: chances, not places, are kept, and
    every metric is its expectation over those orders.

    Attributes:
        hits: [n, LIST_LENGTH] float64, the chance that the movie in each place is relevant.
        misses: [n, len(MISS_DEPTHS)] float64, the chance that the first places hold nothing relevant.
        relevant_count: [n] how many movies are relevant.
    """

    hits: np.ndarray
    misses: np.ndarray
    relevant_count: np.ndarray


def judge_lists(lists: np.ndarray, relevant: Histories) -> JudgedLists:
    """Judges lists in one definite order, rows [n, LIST_LENGTH] of all n people, best first, then -1."""
    hits, relevant_count = find_hits(lists, relevant, np.arange(len(lists)))
    misses = np.column_stack([~hits[:, :depth].any(axis=1) for depth in MISS_DEPTHS])
    return JudgedLists(hits.astype(float), misses.astype(float), relevant_count)


def judge_scores(score: Callable[[np.ndarray], np.ndarray], seen: Histories, relevant: Histories) -> JudgedLists:
    """Judges the lists that `score`, from people [b] to scores [b, m], gives all people, `seen` movies left out."""
    batches = [_judge(score(people), seen, relevant, people) for people in people_in_batches(np.arange(len(seen)))]
    hits, misses = (np.concatenate(part) for part in zip(*batches, strict=True))
    return JudgedLists(hits, misses, relevant.lengths)


def _judge(
    scores: np.ndarray, seen: Histories, relevant: Histories, people: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.array(scores, np.float32)
    line, column = _entries(seen, people)
    scores[line, column] = -np.inf
    is_relevant = np.zeros(scores.shape, bool)
    is_relevant[_entries(relevant, people)] = True
    order = np.argsort(-scores, axis=1, kind="stable")
    best_first = np.take_along_axis(scores, order, axis=1)
    hits = np.where(np.isneginf(best_first), 0.0, _shared_within_ties(best_first, is_relevant, order))
    misses = np.column_stack([_chance_of_none(scores, is_relevant, best_first, depth) for depth in MISS_DEPTHS])
    padding = max(0, LIST_LENGTH - hits.shape[1])
    return np.pad(hits, ((0, 0), (0, padding)))[:, :LIST_LENGTH], misses


def _entries(histories: Histories, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows, _ = histories.padded(people)
    line, place = np.nonzero(rows >= 0)
    return line, rows[line, place]


def _shared_within_ties(best_first: np.ndarray, is_relevant: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Returns [n, m]: the share of relevant movies among those with the score of each place."""
    in_order = np.take_along_axis(is_relevant, order, axis=1).ravel()
    starts = np.ones(best_first.shape, bool)
    starts[:, 1:] = best_first[:, 1:] != best_first[:, :-1]
    tie = np.cumsum(starts.ravel()) - 1
    return (np.bincount(tie, in_order) / np.bincount(tie))[tie].reshape(best_first.shape)


def _chance_of_none(scores: np.ndarray, is_relevant: np.ndarray, best_first: np.ndarray, depth: int) -> np.ndarray:
    """Returns [n]: the chance that no relevant movie is among the first `depth`, ties in random order.

    All that score higher than the last place are in; of those that score like it, some: hypergeometric.
    """
    last = best_first[:, min(depth, best_first.shape[1]) - 1][:, None]
    above, alike = scores > last, (scores == last) & np.isfinite(scores)
    places = np.minimum(depth - above.sum(axis=1), alike.sum(axis=1))
    others = (alike & ~is_relevant).sum(axis=1)
    none = np.exp(_log_choose(others, places) - _log_choose(alike.sum(axis=1), places))
    return np.where((above & is_relevant).any(axis=1) | (places > others), 0.0, none)


def _log_choose(total: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    # Fewer than chosen is impossible; the caller sets those aside.
    return gammaln(total + 1) - gammaln(chosen + 1) - gammaln(np.maximum(total - chosen, 0) + 1)


def list_metrics(judged: JudgedLists) -> dict[str, PersonWise]:
    """Returns the metrics of lists; only people with anything relevant count."""
    hits, relevant_count = judged.hits, judged.relevant_count
    counts = (relevant_count > 0).astype(float)
    at_least_one = np.maximum(relevant_count, 1)
    by_person = {
        "ndcg_at_10": ndcg(hits, at_least_one, 10),
        "ndcg_at_20": ndcg(hits, at_least_one, 20),
        "recall_at_10": hits[:, :10].sum(axis=1) / at_least_one,
        "recall_at_20": hits[:, :20].sum(axis=1) / at_least_one,
        "precision_at_10": hits[:, :10].mean(axis=1),
        "hit_rate_at_10": (1 - judged.misses[:, 0]) * counts,
        "zero_recall_at_20": judged.misses[:, 1] * counts,
    }
    top_100 = PersonWise(hits.sum(axis=1), relevant_count.astype(float))
    return {name: PersonWise(values, counts) for name, values in by_person.items()} | {"top_100": top_100}


def star_metrics(predicted: np.ndarray, given: Histories) -> dict[str, PersonWise]:
    """Returns the errors, in stars, of `predicted` [entries] against the ratings of the same entries."""
    error = predicted - given.ratings.astype(float)
    count = given.lengths.astype(float)
    squares = np.bincount(given.owners, error**2, minlength=len(given))
    sizes = np.bincount(given.owners, np.abs(error), minlength=len(given))
    return {"rmse": PersonWise(squares, count, root=True), "mae": PersonWise(sizes, count)}
