"""How the lists of two people become one; pure functions over whole batches."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import Floats, Rows
from server.recommender.queries import MILLION

# Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
# Learning Methods", SIGIR 2009. They have 60, for long lists of documents; 10 suits pairs on MovieLens-100K.
RANK_OFFSET = 10


def rank_fusion(first_rank: Rows, second_rank: Rows, first_weight_millionths: NDArray[np.int64]) -> Floats:
    """Adds up weight / (10 + rank) over both people of each pair.

    Swapping the people and turning the weight gives the very same numbers.

    Args:
        first_rank: `[p, c] int32`, the candidates' ranks in the first person's list, from 1; 0 for padding or
            excluded.
        second_rank: The same for the second person.
        first_weight_millionths: `[p]`, 0 to 1,000,000.

    Returns:
        `[p, c] float64`, higher is better; -inf for padding or excluded.
    """
    weight = first_weight_millionths[:, np.newaxis]
    first = RANK_OFFSET + first_rank.astype(np.int64)
    second = RANK_OFFSET + second_rank.astype(np.int64)
    # One division of whole numbers, so that what is equal on paper is equal here and ties break by row.
    score = (weight * second + (MILLION - weight) * first) / (first * second) / MILLION
    return np.where((first_rank > 0) & (second_rank > 0), score, -np.inf)


def best_columns(score: Floats, sizes: Sequence[int]) -> list[NDArray[np.intp]]:
    """Finds the columns of the highest scores of each line, best first; ties keep the order of columns.

    Args:
        score: `[n, c]`; -inf marks what never appears.
        sizes: How many columns at most, a line.
    """
    order = np.argsort(-score, axis=1, kind="stable")
    counts = np.minimum((score > -np.inf).sum(axis=1), sizes)
    return [columns[:count] for columns, count in zip(order, counts, strict=True)]
