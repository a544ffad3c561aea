"""How good lists and stars are, person by person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories

# People scored at once: a score for each of them and every movie is held in memory.
PEOPLE_A_BATCH = 256
# The longest list any metric looks at.
LIST_LENGTH = 100
# From here on, of the way from the fewest to the most stars, a rating says "liked".
LIKED_FROM = 0.75


def best_rows(scores: np.ndarray, seen: Histories, people: np.ndarray, length: int = LIST_LENGTH) -> np.ndarray:
    """Returns the rows [n, length] with the highest scores [n, m], best first, without what `people` [n] have seen.

    Ties break by row; -1 fills up where the movies run out.
    """
    masked = np.array(scores, np.float32)
    rows, _ = seen.padded(people)
    position, column = np.nonzero(rows >= 0)
    masked[position, rows[position, column]] = -np.inf
    order = np.argsort(-masked, axis=1, kind="stable")[:, :length]
    best = np.where(np.isneginf(np.take_along_axis(masked, order, axis=1)), -1, order)
    return np.pad(best, ((0, 0), (0, length - best.shape[1])), constant_values=-1)


def ranking_metrics(lists: np.ndarray, relevant: Histories, people: np.ndarray) -> dict[str, float]:
    """Measures one list a person, [n, LIST_LENGTH] rows, best first, against the relevant rows of `people` [n].

    Returns:
        `ndcg_at_10` and `recall_at_20`, averaged over people with anything relevant, and `top_100`, the share of
        relevant entries that their person's list of 100 holds. All 0 when nobody has anything relevant.
    """
    hits, relevant_count = find_hits(lists, relevant, people)
    judged = relevant_count > 0
    if not judged.any():
        return {"ndcg_at_10": 0.0, "recall_at_20": 0.0, "top_100": 0.0}
    hits, relevant_count = hits[judged], relevant_count[judged]
    return {
        "ndcg_at_10": float(ndcg(hits, relevant_count, 10).mean()),
        "recall_at_20": float((hits[:, :20].sum(axis=1) / relevant_count).mean()),
        "top_100": float(hits[:, :100].sum() / relevant_count.sum()),
    }


def find_hits(lists: np.ndarray, relevant: Histories, people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns which places of the lists of `people` are relevant, [n, length] bool, and how many movies are, [n]."""
    num_columns = 1 + max(int(relevant.rows.max(initial=0)), int(lists.max(initial=0)))
    hits = np.zeros(lists.shape, bool)
    for start in range(0, len(people), PEOPLE_A_BATCH):
        batch = slice(start, start + PEOPLE_A_BATCH)
        rows, _ = relevant.padded(people[batch])
        is_relevant = np.zeros((len(rows), num_columns + 1), bool)
        is_relevant[np.arange(len(rows))[:, None], rows] = True
        is_relevant[:, -1] = False  # where padding rows have landed
        hits[batch] = np.take_along_axis(is_relevant, lists[batch], axis=1)
    return hits, relevant.lengths[people]


def ndcg(hits: np.ndarray, relevant_count: np.ndarray, length: int) -> np.ndarray:
    """Returns the normalised discounted cumulative gain of each list [n, >= length], [n] from 0 to 1.

    Takes hits as bool, or as the chance of one.

    Source: Jarvelin and Kekalainen, "Cumulated gain-based evaluation of IR techniques", 2002, with gain 1 for what
    is relevant and the ideal list cut at `length`.
    """
    discount = 1.0 / np.log2(np.arange(2, length + 2))
    ideal = np.concatenate(([0.0], np.cumsum(discount)))[np.minimum(relevant_count, length)]
    return (hits[:, :length] * discount).sum(axis=1) / ideal


def measure_scores(score: Callable[[np.ndarray], np.ndarray], seen: Histories, relevant: Histories) -> dict[str, float]:
    """Measures the lists that `score`, from people [n] to scores [n, m], gives everyone with anything relevant."""
    people = np.flatnonzero(relevant.lengths)
    lists = [np.zeros((0, LIST_LENGTH), np.int64)]
    lists += [best_rows(score(batch), seen, batch) for batch in people_in_batches(people)]
    return ranking_metrics(np.concatenate(lists), relevant, people)


def list_quality(metrics: dict[str, float]) -> float:
    """Returns one number for lists, higher is better: the mean logarithm of NDCG@10, Recall@20 and top-100.

    One metric alone on one slice is noisier than what settings differ by; a gain of 0.01 is one percent.
    """
    values = [metrics[name] for name in ("ndcg_at_10", "recall_at_20", "top_100")]
    return float(np.mean(np.log(np.maximum(values, 1e-9))))


def people_in_batches(people: np.ndarray) -> Iterator[np.ndarray]:
    """Yields `people` [n] in parts that can be scored at once."""
    for start in range(0, len(people), PEOPLE_A_BATCH):
        yield people[start : start + PEOPLE_A_BATCH]


def liked(dataset: Dataset) -> Dataset:
    """Returns the interactions whose stars say that the movie was liked: 4 or more of 1 to 5."""
    threshold = dataset.rating_min + LIKED_FROM * (dataset.rating_max - dataset.rating_min)
    return dataset.take(dataset.rating >= threshold)


def rmse(predicted: np.ndarray, given: np.ndarray) -> float:
    """Returns the root mean squared error in stars of at least one prediction."""
    return float(np.sqrt(np.mean((predicted - given) ** 2)))
