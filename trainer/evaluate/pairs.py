"""Protocol pairs: how well one list suits two people, for pairs of like and of unlike taste."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from server.recommender.queries import MILLION, ListQuery, Member, Objective, PairQuery, Strategy
from trainer.histories import PADDING_ROW, Histories
from trainer.metrics import PersonWise, find_hits, liked, means, ndcg, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from server.recommender.lists import PairEntry, PairList
    from trainer.data.dataset import Dataset
    from trainer.evaluate.served import ServedRelease

LIST_LENGTH = 20
PAIRS_A_KIND = 1_000
RAW_AVERAGE = "raw_average"
# What is shown at equal weights, where neither member is the first.
METRICS = ("ndcg_at_20_mean", "ndcg_at_20_min", "min_to_max", "zero_recall_at_20")

_DRAWS, _MAX_PAIRS = 200_000, 60_000
_MIN_RATED, _MIN_CO_RATED = 5, 10
_SIMILAR_TASTE, _DIVERGENT_TASTE, _DIVERGENT_HISTORY = 0.5, -0.1, 0.1
_WHOLE_LIST = 2**31
_ANYONE = Member()


class PairTruth(NamedTuple):
    """What a list for each of n pairs is judged by.

    Attributes:
        pairs: [n, 2] people.
        liked: What everyone liked in test.
        counts: [n, 2] how many movies are relevant to each member: liked in test, and not in the other's train,
            since no list of the pair can hold those.
    """

    pairs: np.ndarray
    liked: Histories
    counts: np.ndarray


def truth_of(train: Dataset, test: Dataset, pairs: np.ndarray) -> PairTruth:
    """Returns what lists for `pairs` [n, 2] are judged by."""
    of_test, num_movies = Histories.of_people(liked(test)), len(train.movies)
    is_liked, is_seen = _marks(of_test, num_movies), _marks(Histories.of_people(train), num_movies)
    out_of_reach = [_sums(is_liked[own], is_seen[other]) for own, other in (pairs.T, pairs.T[::-1])]
    return PairTruth(pairs, of_test, of_test.lengths[pairs] - np.stack(out_of_reach, axis=1).astype(np.int64))


def draw_pairs(train: Dataset, test: Dataset, seed: int = 5) -> dict[str, np.ndarray]:
    """Draws up to 1,000 pairs of each kind among people with 5 movies in train who liked something in test.

    Similar and divergent taste: the correlation of their stars for at least 10 movies that both have rated is at
    least .5, at most -.1. Divergent history: that of their whole rows of stars, 0 for what is not rated, is under
    .1. Pairs that leave a member without anything relevant are then dropped.

    Returns:
        "random", "similar_taste", "divergent_taste" and "divergent_history", each [n, 2] people, the lower first.

    Source: kinds as in Kaya, Bridge and Tintarev, "Ensuring Fairness in Group Recommendations by Rank-Sensitive
    Balancing of Relevance", RecSys 2020; the bounds are this protocol's own.
    """
    pairs = _any_pairs(train, test, np.random.RandomState(seed))
    taste, history = _correlations(Histories.of_people(train), len(train.movies), pairs)
    kinds = {
        "random": np.ones(len(pairs), bool),
        "similar_taste": taste >= _SIMILAR_TASTE,
        "divergent_taste": taste <= _DIVERGENT_TASTE,
        "divergent_history": history < _DIVERGENT_HISTORY,
    }
    drawn = {kind: pairs[chosen][:PAIRS_A_KIND] for kind, chosen in kinds.items()}
    return {kind: some[(truth_of(train, test, some).counts > 0).all(axis=1)] for kind, some in drawn.items()}


def measure(release: ServedRelease, truth: PairTruth, objective: Objective) -> dict[str, dict[str, PersonWise]]:
    """Measures the lists of all strategies at equal weights, by their values, and RAW_AVERAGE's."""
    lists = {strategy.value: pair_lists(release, truth.pairs, objective, strategy) for strategy in Strategy}
    lists[RAW_AVERAGE] = raw_average_lists(release, truth.pairs, objective)
    judged = {system: judge(of_system, truth) for system, of_system in lists.items()}
    return {system: {name: metrics[name] for name in METRICS} for system, metrics in judged.items()}


def by_weight(release: ServedRelease, truth: PairTruth) -> dict[str, list[dict[str, float]]]:
    """Returns the mean metrics of LIKE, each strategy's for each weight of the first."""
    return {
        strategy.value: [
            {"first_weight": millionths / MILLION}
            | means(judge(pair_lists(release, truth.pairs, Objective.LIKE, strategy, millionths), truth))
            for millionths in range(0, MILLION + 1, MILLION // 10)
        ]
        for strategy in Strategy
    }


def judge(lists: np.ndarray, truth: PairTruth) -> dict[str, PersonWise]:
    """Measures one list a pair, rows [n, LIST_LENGTH], best first, then -1, without what either has in train.

    Returns:
        By pair: `ndcg_at_20_first` and `_second`, of each member; `_mean` and `_min` of the two; `min_to_max`, the
        lower by the higher, 0 where both are 0; `zero_recall_at_20`, the share of members with no hit.
    """
    hits = [find_hits(lists, truth.liked, people) for people in truth.pairs.T]
    first, second = (ndcg(hits[member], truth.counts[:, member], LIST_LENGTH) for member in (0, 1))
    lower, higher = np.minimum(first, second), np.maximum(first, second)
    values = {
        "ndcg_at_20_first": first,
        "ndcg_at_20_second": second,
        "ndcg_at_20_mean": (first + second) / 2,
        "ndcg_at_20_min": lower,
        "min_to_max": lower / np.where(higher > 0, higher, 1),
        "zero_recall_at_20": 1 - np.stack(hits).any(axis=2).mean(axis=0),
    }
    return {name: PersonWise(of_pairs, np.ones(len(lists))) for name, of_pairs in values.items()}


def pair_lists(
    release: ServedRelease,
    pairs: np.ndarray,
    objective: Objective,
    strategy: Strategy,
    first_weight_millionths: int = MILLION // 2,
) -> np.ndarray:
    """Returns the list served to each of `pairs` [n, 2], rows [n, LIST_LENGTH], best first, then -1."""
    asked = PairQuery(_ANYONE, _ANYONE, first_weight_millionths, strategy, ListQuery(objective, LIST_LENGTH))
    return _rows([answer.entries for answer in _answers(release, pairs, asked)])


def raw_average_lists(release: ServedRelease, pairs: np.ndarray, objective: Objective) -> np.ndarray:
    """Returns the lists by the mean of both members' served scores, over the same candidates as what is served.

    Under LIKE these are the mixtures of `order_by_liking`, which are standardised for each person.
    """
    asked = PairQuery(_ANYONE, _ANYONE, wanted=ListQuery(objective, _WHOLE_LIST))
    return _rows([tuple(sorted(answer.entries, key=_by_mean_score)) for answer in _answers(release, pairs, asked)])


def _by_mean_score(entry: PairEntry) -> tuple[float, int]:
    return -(entry.first.score + entry.second.score), entry.row


def _answers(release: ServedRelease, pairs: np.ndarray, asked: PairQuery) -> Iterator[PairList]:
    """Yields the answer for each of `pairs` [n, 2] to `asked`, in which people are filled in."""
    people = [Member(user_id) for user_id in release.user_ids]
    for batch in people_in_batches(pairs):
        queries = [replace(asked, first=people[first], second=people[second]) for first, second in batch]
        yield from asyncio.run(release.recommender.recommend_pairs(queries))


def _rows(lists: list[tuple[PairEntry, ...]]) -> np.ndarray:
    rows = np.full((len(lists), LIST_LENGTH), PADDING_ROW)
    for line, entries in zip(rows, lists, strict=True):
        best = [entry.row for entry in entries[:LIST_LENGTH]]
        line[: len(best)] = best
    return rows


def _any_pairs(train: Dataset, test: Dataset, random: np.random.RandomState) -> np.ndarray:
    has_rated = Histories.of_people(train).lengths >= _MIN_RATED
    people = np.flatnonzero(has_rated & (Histories.of_people(liked(test)).lengths > 0))
    if not len(people):
        return np.zeros((0, 2), np.int64)
    drawn = np.stack([random.choice(people, _DRAWS), random.choice(people, _DRAWS)], axis=1)
    pairs = np.unique(drawn[drawn[:, 0] < drawn[:, 1]], axis=0)
    return pairs[random.permutation(len(pairs))[:_MAX_PAIRS]]


def _correlations(histories: Histories, num_movies: int, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns Pearson's correlation of stars for co-rated movies (NaN below ten), and of zero-filled rows; [n] each."""
    marks = _marks(histories, num_movies)
    stars = csr_array((histories.ratings.astype(float), histories.rows, histories.offsets), shape=marks.shape)
    (x, y), (seen_by_x, seen_by_y) = ([of[people] for people in pairs.T] for of in (stars, marks))
    num_co_rated = _sums(seen_by_x, seen_by_y)
    taste = _pearson(num_co_rated, (x, y), (seen_by_y, seen_by_x))
    return np.where(num_co_rated >= _MIN_CO_RATED, taste, np.nan), _pearson(num_movies, (x, y), (seen_by_x, seen_by_y))


def _pearson(
    count: np.ndarray | int, stars: tuple[csr_array, csr_array], within: tuple[csr_array, csr_array]
) -> np.ndarray:
    """Returns the correlation of two rows of stars over what each is `within`; NaN where one of them is constant."""
    sums, squares = ([_sums(of**power, marks) for of, marks in zip(stars, within, strict=True)] for power in (1, 2))
    spread = np.sqrt((count * squares[0] - sums[0] ** 2) * (count * squares[1] - sums[1] ** 2))
    above = count * _sums(*stars) - sums[0] * sums[1]
    return np.divide(above, spread, out=np.full(len(above), np.nan), where=spread > 0)


def _marks(histories: Histories, num_movies: int) -> csr_array:
    ones = np.ones(len(histories.rows))
    return csr_array((ones, histories.rows, histories.offsets), shape=(len(histories), num_movies))


def _sums(left: csr_array, right: csr_array) -> np.ndarray:
    return np.asarray(left.multiply(right).sum(axis=1)).ravel()
