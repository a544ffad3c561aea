"""How good lists and stars are, person by person: what is kept so can be resampled, compared and looked at by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import hypergeom

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories

# People scored at once: a score for each of them and every movie is held in memory.
PEOPLE_A_BATCH = 256
# The longest list any metric looks at.
LIST_LENGTH = 100
# Places after which it is asked whether a list had any hit yet.
MISS_DEPTHS = (10, 20)
# From here on, of the way from the fewest to the most stars, a rating says "liked".
LIKED_FROM = 0.75


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
        hits: [n, at most LIST_LENGTH] float64, the chance that the movie in each place is relevant.
        misses: [n, len(MISS_DEPTHS)] float64, the chance that the first places hold nothing relevant.
        relevant_count: [n] how many movies are relevant.
    """

    hits: np.ndarray
    misses: np.ndarray
    relevant_count: np.ndarray


def means(metrics: Mapping[str, PersonWise]) -> dict[str, float]:
    """Returns the values of metrics; those that nobody is judged by are left out."""
    ratios = {name: each.total.sum() / each.weight.sum() for name, each in metrics.items() if each.is_judged()}
    return {name: float(np.sqrt(ratio) if metrics[name].root else ratio) for name, ratio in ratios.items()}


def list_metrics(judged: JudgedLists) -> dict[str, PersonWise]:
    """Returns the metrics of lists; only people with anything relevant count.

    `top_100` is the share of all that is relevant to anyone that their lists of 100 hold.
    """
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


def list_quality(metrics: Mapping[str, float], num_relevant: int) -> float:
    """Returns one number for lists, higher is better: the mean logarithm of NDCG@10, Recall@20 and top-100.

    One metric alone on one slice is noisier than what settings differ by; a gain of 0.01 is one percent. Metrics count
    as one hit of the `num_relevant` at least: the first hit would otherwise be worth more than all others.
    """
    values = [metrics.get(name, 0.0) for name in ("ndcg_at_10", "recall_at_20", "top_100")]
    return float(np.mean(np.log(np.maximum(values, 1 / max(1, num_relevant)))))


def star_metrics(predicted: np.ndarray, given: Histories) -> dict[str, PersonWise]:
    """Returns the errors, in stars, of `predicted` [entries] against the ratings of the same entries."""
    error = predicted - given.ratings.astype(float)
    count = given.lengths.astype(float)
    squares = np.bincount(given.owners, error**2, minlength=len(given))
    sizes = np.bincount(given.owners, np.abs(error), minlength=len(given))
    return {"rmse": PersonWise(squares, count, root=True), "mae": PersonWise(sizes, count)}


def ndcg(hits: np.ndarray, relevant_count: np.ndarray, length: int) -> np.ndarray:
    """Returns the normalised discounted cumulative gain of each list [n, any length], [n] from 0 to 1.

    Takes hits as bool, or as the chance of one.

    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002, with gain 1 for what
    is relevant and the ideal list cut at `length`.
    """
    discount = 1.0 / np.log2(np.arange(2, length + 2))
    ideal = np.concatenate(([0.0], np.cumsum(discount)))[np.minimum(relevant_count, length)]
    return hits[:, :length] @ discount[: hits.shape[1]] / ideal


def best_rows(scores: np.ndarray, seen: Histories, people: np.ndarray, length: int = LIST_LENGTH) -> np.ndarray:
    """Returns the rows [n, length] with the highest scores [n, m], best first, without what `people` [n] have seen.

    Ties break by row; -1 fills up where the movies run out.
    """
    masked = np.array(scores, np.float32)
    masked[_entries(seen, people)] = -np.inf
    first_out = max(0, masked.shape[1] - length)
    # Only what reaches the list's last place is sorted: whole catalogues would take ten times as long.
    last = np.partition(masked, first_out, axis=1)[:, first_out, None]
    line, row = np.nonzero((masked >= last) & ~np.isneginf(masked))
    order = np.lexsort((row, -masked[line, row], line))
    line, row = line[order], row[order]
    place = np.arange(len(line)) - np.searchsorted(line, line)
    best = np.full((len(masked), length), -1)
    best[line[place < length], place[place < length]] = row[place < length]
    return best


def best_lists(score: Callable[[np.ndarray], np.ndarray], seen: Histories, people: np.ndarray) -> np.ndarray:
    """Returns the lists [n, LIST_LENGTH] that `score`, from people [b] to scores [b, m], gives; see `best_rows`."""
    lists = [best_rows(score(batch), seen, batch) for batch in people_in_batches(people)]
    return np.concatenate([np.zeros((0, LIST_LENGTH), np.int64), *lists])


def measure_scores(score: Callable[[np.ndarray], np.ndarray], seen: Histories, relevant: Histories) -> dict[str, float]:
    """Measures the lists that `score`, from people [b] to scores [b, m], gives everyone with anything relevant."""
    people = np.flatnonzero(relevant.lengths)
    return means(list_metrics(judge_lists(best_lists(score, seen, people), relevant, people)))


def judge_lists(lists: np.ndarray, relevant: Histories, people: np.ndarray) -> JudgedLists:
    """Judges lists of `people` in one definite order, rows [n, length], best first, then -1: their first 100 places."""
    hits = find_hits(lists[:, :LIST_LENGTH], relevant, people)
    misses = np.column_stack([~hits[:, :depth].any(axis=1) for depth in MISS_DEPTHS])
    return JudgedLists(hits.astype(float), misses.astype(float), relevant.lengths[people])


def find_hits(lists: np.ndarray, relevant: Histories, people: np.ndarray) -> np.ndarray:
    """Returns which places of the lists of `people` are relevant to them, [n, length] bool."""
    size = 1 + max(int(relevant.rows.max(initial=0)), int(lists.max(initial=0)))
    listed = np.where(lists >= 0, people[:, None] * size + lists, -1)
    return np.isin(listed, relevant.owners.astype(np.int64) * size + relevant.rows)


def judge_scores(score: Callable[[np.ndarray], np.ndarray], seen: Histories, relevant: Histories) -> JudgedLists:
    """Judges the lists that `score`, from people [b] to scores [b, m], gives all people, `seen` movies left out."""
    batches = [_judge(score(people), seen, relevant, people) for people in people_in_batches(np.arange(len(seen)))]
    hits, misses = (np.concatenate(part) for part in zip(*batches, strict=True))
    return JudgedLists(hits, misses, relevant.lengths)


def people_in_batches(people: np.ndarray) -> Iterator[np.ndarray]:
    """Yields `people` [n] in parts that can be scored at once."""
    for start in range(0, len(people), PEOPLE_A_BATCH):
        yield people[start : start + PEOPLE_A_BATCH]


def liked(dataset: Dataset) -> Dataset:
    """Returns the interactions whose stars say that the movie was liked: 4 or more of 1 to 5."""
    threshold = dataset.rating_min + LIKED_FROM * (dataset.rating_max - dataset.rating_min)
    return dataset.take(dataset.rating >= threshold)


def _judge(
    scores: np.ndarray, seen: Histories, relevant: Histories, people: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    scores = np.array(scores, np.float32)
    scores[_entries(seen, people)] = -np.inf
    is_relevant = np.zeros(scores.shape, bool)
    is_relevant[_entries(relevant, people)] = True
    order = np.argsort(-scores, axis=1, kind="stable")
    best_first = np.take_along_axis(scores, order, axis=1)
    hits = np.where(np.isneginf(best_first), 0.0, _shared_within_ties(best_first, is_relevant, order))
    misses = np.column_stack([_chance_of_none(scores, is_relevant, best_first, depth) for depth in MISS_DEPTHS])
    padding = max(0, LIST_LENGTH - hits.shape[1])
    return np.pad(hits, ((0, 0), (0, padding)))[:, :LIST_LENGTH], misses


def _entries(histories: Histories, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the place in `people` and the movie of everything in their histories, [entries] each."""
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
    num_alike = np.maximum(alike.sum(axis=1), 1)
    none = hypergeom.pmf(0, num_alike, (alike & is_relevant).sum(axis=1), places)
    return np.where((above & is_relevant).any(axis=1), 0.0, none)
