"""The five strategies on ranks and scores small enough to work out by hand."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.fusion import Picks, Votes, best_columns, choice_shares, fuse
from server.recommender.queries import MILLION, Strategy

RANKS = st.integers(1, 1_000_000)
WEIGHTS = st.integers(0, MILLION)
RANKED = (Strategy.RANK_FUSION, Strategy.LEAST_MISERY, Strategy.MOST_PLEASURE)


def votes(first: list[int], second: list[int], weight: int, scores: list[list[float]] | None = None) -> Votes:
    """One pair; without `scores` each movie's score is its rank turned round."""
    rank = np.array([[first, second]], np.int32)
    score = -rank.astype(float) if scores is None else np.array([scores])
    return Votes(score, rank, np.array([[weight, MILLION - weight]]), num_candidates=200)


def fused(strategy: Strategy, *columns: object, size: int = 100) -> Picks:
    [picks] = fuse(strategy, votes(*columns), [size])
    return picks


def scores(strategy: Strategy, first: list[int], second: list[int], weight: int) -> list[float]:
    """Pair scores in the order of the columns."""
    picks = fused(strategy, first, second, weight)
    return picks.score[np.argsort(picks.columns)].tolist()


def test_rank_fusion_sums_weight_by_ten_and_rank() -> None:
    assert scores(Strategy.RANK_FUSION, [10, 90], [30, 10], 250_000) == [0.25 / 20 + 0.75 / 40, 0.25 / 100 + 0.75 / 20]


def test_least_misery_takes_the_smaller_utility_by_weight() -> None:
    """1/20 / .25 against 1/40 / .75; 1/100 / .25 against 1/20 / .75."""
    expected = [1 / 40 / 0.75, 1 / 100 / 0.25]
    assert scores(Strategy.LEAST_MISERY, [10, 90], [30, 10], 250_000) == pytest.approx(expected, rel=1e-15)


def test_most_pleasure_takes_the_larger_weighted_utility() -> None:
    assert scores(Strategy.MOST_PLEASURE, [10, 90], [30, 10], 250_000) == [0.75 / 40, 0.75 / 20]


def test_weighted_average_sums_shares() -> None:
    """Scores 1, -1 and -1, 1 are their own z-scores; 1 and 0.5 against it is 1 and -1 again."""
    shares = np.exp([1, -1]) / np.exp([1, -1]).sum()
    picks = fused(Strategy.WEIGHTED_AVERAGE, [1, 2], [2, 1], 600_000, [[1, -1], [0.5, 1]])
    assert picks.columns.tolist() == [0, 1]
    assert picks.score == pytest.approx(0.6 * shares + 0.4 * shares[::-1])


def test_proportional_picks_what_adds_most_to_roots() -> None:
    """First what both want nearly most, then the first's favourite, whose weight is a little more."""
    first, second = [1, 2, 3], [3, 2, 1]
    picks = fused(Strategy.PROPORTIONAL, first, second, 500_001, [[2.0, 1.9, -4], [-4, 1.9, 2.0]])
    shares = choice_shares(votes(first, second, 0, [[2.0, 1.9, -4], [-4, 1.9, 2.0]]))[0]
    assert picks.columns.tolist() == [1, 0, 2]
    weight = np.array([0.500001, 0.499999])
    assert picks.score.sum() == pytest.approx((weight * np.sqrt(shares.sum(axis=1))).sum())


@pytest.mark.parametrize("strategy", Strategy)
def test_padding_and_excluded_never_appear(strategy: Strategy) -> None:
    scores = [[np.nan, 9, -np.inf], [9, np.nan, 1]]
    assert fused(strategy, [0, 1, 0], [1, 0, 0], 500_000, scores).columns.tolist() == []
    assert fused(strategy, [0, 1, 0], [0, 1, 0], 500_000, [[np.nan, 9, np.inf]] * 2).columns.tolist() == [1]


def test_what_is_equal_on_paper_is_equal() -> None:
    """1/15 + 1/30 = 1/20 + 1/20."""
    assert len(set(scores(Strategy.RANK_FUSION, [5, 10, 20], [20, 10, 5], 500_000))) == 1


@given(first=RANKS, second=RANKS, weight=WEIGHTS)
def test_rank_strategies_are_exact_to_a_float(first: int, second: int, weight: int) -> None:
    weights = [Fraction(weight, MILLION), Fraction(MILLION - weight, MILLION)]
    utilities = [Fraction(1, 10 + first), Fraction(1, 10 + second)]
    pleasures = [w * u for w, u in zip(weights, utilities, strict=True)]
    miseries = [u / w for w, u in zip(weights, utilities, strict=True) if w]
    for strategy, exact in zip(RANKED, (sum(pleasures), min(miseries), max(pleasures)), strict=True):
        [score] = scores(strategy, [first], [second], weight)
        assert abs(Fraction(score) - exact) <= exact / 10**15


def test_shares_sum_to_one_over_the_own_candidates_whatever_the_spread() -> None:
    rank = np.array([[[1, 2, 3, 0], [3, 1, 2, 0]]], np.int32)
    score = np.array([[[5, 4, -9, np.nan], [-1000, 600, 500, np.inf]]])
    shares = choice_shares(Votes(score, rank, np.array([[0, MILLION]]), num_candidates=2))[0]
    assert shares[0, :2].sum() == pytest.approx(1)
    assert shares[1, 1:3].sum() == pytest.approx(1)
    assert shares[0, 0] == pytest.approx(shares[1, 1])
    assert shares[0, 1] > shares[0, 2] > 0
    assert shares[:, 3].tolist() == [0, 0]


@pytest.mark.parametrize("strategy", [Strategy.WEIGHTED_AVERAGE, Strategy.PROPORTIONAL])
def test_equal_scores_go_by_rank(strategy: Strategy) -> None:
    """So that weight 1 is the first's own order in every case."""
    alike = [[7.0, 7, 7], [1, 2, 3]]
    assert fused(strategy, [2, 3, 1], [3, 2, 1], MILLION, alike).columns.tolist() == [2, 0, 1]


def test_best_columns_go_by_score_then_by_column_and_stop_at_minus_infinity() -> None:
    scores = np.array([[1.0, 3, 3, -np.inf], [2, -np.inf, -np.inf, 5]])
    assert [line.tolist() for line in best_columns(scores, [2, 4])] == [[1, 2], [3, 0]]


@pytest.mark.parametrize(("ties", "best"), [(None, [1, 2]), ([0, 4, 3, 2, 1, 0], [4, 3])])
def test_of_columns_that_tie_with_the_last_the_first_by_ties_and_place_are_taken(
    ties: list[int] | None, best: list[int]
) -> None:
    scores = np.array([[0, 1, 1, 1, 1, 0.5]])
    [columns] = best_columns(scores, [2], None if ties is None else np.array([ties]))
    assert columns.tolist() == best
