"""How what two people want becomes one list: the five strategies, pure functions over whole batches of pairs.

Every strategy gives the weight 1 the first's own order and the weight 0 the second's, and the same list with the
same pair scores when people are swapped and the weight is turned.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.frozen import frozen
from server.recommender.models import Floats, Rows
from server.recommender.objective import standardise
from server.recommender.queries import MILLION, Strategy

# Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank
# Learning Methods", SIGIR 2009. They have 60, for long lists of documents; 10 suits pairs on MovieLens-100K.
RANK_OFFSET = 10

Columns = NDArray[np.intp]
Whole = NDArray[np.int64]


@frozen
class Votes:
    """What both members of p pairs make of the c candidates of their pair.

    Attributes:
        score: `[p, 2, c] float64`, falling as ranks rise; anything where rank is 0.
        rank: `[p, 2, c] int32` from 1; 0 for padding or excluded.
        weight: `[p, 2] int64`, millionths; the two of a pair sum to 1,000,000.
        num_candidates: The movies of rank 1 to this are a member's own candidates.
    """

    score: Floats
    rank: Rows
    weight: Whole
    num_candidates: int

    @property
    def listed(self) -> NDArray[np.bool_]:
        """Which columns can be in the list, `[p, c] bool`."""
        return np.minimum.reduce(self.rank, axis=1) > 0

    @property
    def depth(self) -> Floats:
        """What a member's 1 / (10 + rank) has below the line, whole numbers, `[p, 2, c] float64`."""
        return self.rank + float(RANK_OFFSET)

    @property
    def joint_rank(self) -> Whole:
        """Each column's ranks, weighted and summed, `[p, c] int64`: it settles ties between equal scores.

        Without it weight 1 would not give the first's own order where two of the first's scores are equal.
        """
        return (self.weight[:, :, np.newaxis] * self.rank).sum(axis=1)


class Picks(NamedTuple):
    """One pair's list: columns `[n]`, best first, and the pair score of each, `[n] float64`."""

    columns: Columns
    score: Floats


def fuse(strategy: Strategy, votes: Votes, sizes: Sequence[int]) -> list[Picks]:
    """Makes the list of each pair, at most `sizes` long; shorter when the candidates run out.

    The first n movies of a longer list are the list of n.
    """
    if strategy is Strategy.PROPORTIONAL:
        return proportional(votes, sizes)
    score = np.where(votes.listed, _PAIR_SCORES[strategy](votes), -np.inf)
    ties = votes.joint_rank if strategy is Strategy.WEIGHTED_AVERAGE else None
    columns = best_columns(score, sizes, ties)
    return [Picks(chosen, line[chosen]) for chosen, line in zip(columns, score, strict=True)]


def rank_fusion(votes: Votes) -> Floats:
    """Adds up weight / (10 + rank) over both people: `[p, c] float64`; ties break by row.

    As the weight rises the summed 1 / (10 + rank) of a list never falls for the first nor rises for the second.

    Source: see RANK_OFFSET.
    """
    first, second = votes.depth.swapaxes(0, 1)
    of_first, of_second = votes.weight.T[:, :, np.newaxis]
    # One division of whole numbers, so that what is equal on paper is equal here and ties break by row.
    return (of_first * second + of_second * first) / (first * second) / MILLION


def weighted_average(votes: Votes) -> Floats:
    """Adds up weight x share over both people: `[p, c] float64`; ties break by joint rank, then by row.

    The average is of `choice_shares`, not of the scores as they are: those favour whoever rated more, and put on
    one spread they over-correct. On MovieLens-100K (P1, random pairs, LIKE) shares reach a mean NDCG@20 of .304,
    scores .270. As the weight rises the summed shares of a list never fall for the first nor rise for the second.

    Source: Masthoff, "Group Modeling: Selecting a Sequence of Television Items to Suit a Group of Viewers", 2004
    (the average strategy, weighted).
    """
    return (votes.weight[:, :, np.newaxis] * choice_shares(votes)).sum(axis=1) / MILLION


def least_misery(votes: Votes) -> Floats:
    """Takes the smaller u / weight of both, u = 1 / (10 + rank): `[p, c] float64`; ties break by row.

    Someone of weight 0 asks for nothing, so is never the more miserable one.

    Source: Masthoff 2004 (least misery); O'Connor et al., "PolyLens", ECSCW 2001.
    """
    # The smallest u / weight has the largest weight x (10 + rank), which is whole and may be 0.
    return MILLION / (votes.weight[:, :, np.newaxis] * votes.depth).max(axis=1)


def most_pleasure(votes: Votes) -> Floats:
    """Takes the larger weight x u of both, u = 1 / (10 + rank): `[p, c] float64`; ties break by row.

    Source: Masthoff 2004 (most pleasure).
    """
    return (votes.weight[:, :, np.newaxis] / votes.depth).max(axis=1) / MILLION


def proportional(votes: Votes, sizes: Sequence[int]) -> list[Picks]:
    """Picks one movie after the other, each adding most to the sum over both of weight x sqrt(gain).

    A member's gain is the sum of `choice_shares` over the picks so far: the more a list already holds of what
    someone wants, the less another such movie adds. The pair score is what a pick added; it never rises along the
    list. Ties break by joint rank, then by row.

    Source: the concave utility of proportional representation (Skowron, Faliszewski and Lang, "Finding a
    collective set of items", 2016), picked greedily as in Nemhauser, Wolsey and Fisher 1978.
    """
    order = np.argsort(votes.joint_rank, axis=1, kind="stable")
    shares = np.take_along_axis(choice_shares(votes), order[:, np.newaxis], axis=2)
    left = np.take_along_axis(votes.listed, order, axis=1)
    counts = np.minimum(left.sum(axis=1), sizes)
    places, added = _pick_greedily(shares, votes.weight / MILLION, left, int(counts.max(initial=0)))
    columns = np.take_along_axis(order, places, axis=1)
    return [Picks(columns[i, :count], added[i, :count]) for i, count in enumerate(counts)]


def _pick_greedily(shares: Floats, weight: Floats, left: NDArray[np.bool_], length: int) -> tuple[Columns, Floats]:
    """Returns the picks `[p, length]` and what each added; nonsense once nothing is `left` to a pair."""
    pairs = np.arange(len(shares))
    places, added = np.zeros((len(shares), length), np.intp), np.zeros((len(shares), length))
    gain = np.zeros((*weight.shape, 1))
    for pick in range(length):
        more = weight[:, :, np.newaxis] * (np.sqrt(gain + shares) - np.sqrt(gain))
        adds = np.where(left, more.sum(axis=1), -np.inf)
        best = places[:, pick] = adds.argmax(axis=1)
        added[:, pick] = adds[pairs, best]
        left[pairs, best] = False
        gain += shares[pairs, :, best][:, :, np.newaxis]
    return places, np.minimum.accumulate(added, axis=1)  # against rounding alone


def choice_shares(votes: Votes) -> Floats:
    """Puts two people's scores on one scale: how likely each movie is someone's next choice.

    The softmax of scores standardised over the member's own candidates; the shares of those sum to 1, however
    many movies the member has rated. Movies beyond them have no larger shares.

    Returns:
        `[p, 2, c] float64`, 0 or more; 0 where rank is 0.
    """
    listed = votes.rank > 0
    own = listed & (votes.rank <= votes.num_candidates)
    choice = np.where(listed, np.exp(standardise(np.where(listed, votes.score, 0), own)), 0)
    total = np.where(own, choice, 0).sum(axis=2, keepdims=True)
    return choice / np.where(total > 0, total, 1)


def best_columns(score: Floats, sizes: Sequence[int], ties: Whole | None = None) -> list[Columns]:
    """Finds the columns of the highest scores of each line, best first.

    Args:
        score: `[n, c]`, no NaN; -inf marks what never appears.
        sizes: How many columns at most, a line.
        ties: `[n, c]`, lowest first among equal scores; without it, and where it is equal, by column.
    """
    return [
        _best_of_line(line, size, None if ties is None else ties[place])
        for place, (line, size) in enumerate(zip(score, sizes, strict=True))
    ]


def _best_of_line(score: Floats, size: int, ties: Whole | None) -> Columns:
    least = -np.inf
    if size < len(score):
        parted = score.copy()
        parted.partition(-size)
        least = parted[-size]
    [columns] = (score >= least).nonzero()  # all that may be in the list, and what ties with its last
    falling = -score[columns]
    order = falling.argsort(kind="stable") if ties is None else np.lexsort((ties[columns], falling))
    columns = columns[order[:size]]
    return columns if least > -np.inf else columns[score[columns] > -np.inf]


_PAIR_SCORES: dict[Strategy, Callable[[Votes], Floats]] = {
    Strategy.RANK_FUSION: rank_fusion,
    Strategy.WEIGHTED_AVERAGE: weighted_average,
    Strategy.LEAST_MISERY: least_misery,
    Strategy.MOST_PLEASURE: most_pleasure,
}
