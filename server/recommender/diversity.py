"""Lists that do not hold the same kind of movie again and again."""

import numpy as np
from numpy.typing import NDArray

from server.recommender.fusion import RANK_OFFSET, Columns
from server.recommender.models import Floats


def diversify(directions: Floats, diversity: float, size: int) -> Columns:
    """Picks from a list by maximal marginal relevance, one movie after the other.

    Each pick has the largest (1 - diversity) x relevance - diversity x likeness: relevance is 1 / (10 + place in the
    list), spread over 0 to 1; likeness the cosine to the pick most alike. So a place means the same under every
    strategy, and for a pair with all the weight on one person what it means for that person alone. Ties break by place.

    Args:
        directions: `[n, d]` unit candidate embeddings of the list, best first.
        diversity: 0 to 1.
        size: How many to pick at most; the first n of more picks are n picks.

    Returns:
        The places picked, `[min(size, n)]`.

    Source: Carbonell and Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering Documents and Producing
    Summaries", SIGIR 1998.
    """
    value = (1 - diversity) * _relevance(len(directions))
    most_alike = np.zeros(len(directions))
    picks = np.zeros(min(size, len(directions)), np.intp)
    for pick in range(len(picks)):
        best = picks[pick] = (value - diversity * most_alike).argmax()
        value[best] = -np.inf
        # Not by `@`: its threads cost more than they bring, and milliseconds where cores are busy.
        likeness = np.einsum("nd,d->n", directions, directions[best])
        most_alike = np.maximum(most_alike, likeness) if pick else likeness
    return picks


def _relevance(length: int) -> NDArray[np.float64]:
    relevance = 1 / (RANK_OFFSET + 1 + np.arange(length))
    return (relevance - relevance.min(initial=1)) / max(np.ptp(relevance), 1e-9) if length else relevance
