from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.fusion import best_columns, rank_fusion

RANKS = st.integers(1, 1_000_000)


def fuse(first: list[int], second: list[int], weight: int) -> list[float]:
    ranks = (np.array([ranks], np.int32) for ranks in (first, second))
    return rank_fusion(*ranks, np.array([weight]))[0].tolist()


def test_score_is_the_sum_of_weight_by_ten_and_rank() -> None:
    assert fuse([10, 90], [30, 10], 250_000) == [0.25 / 20 + 0.75 / 40, 0.25 / 100 + 0.75 / 20]


def test_padding_and_excluded_score_nothing() -> None:
    assert fuse([0, 1, 0], [1, 0, 0], 500_000) == [-np.inf] * 3


def test_what_is_equal_on_paper_is_equal() -> None:
    """1/15 + 1/30 = 1/20 + 1/20."""
    assert len(set(fuse([5, 10, 20], [20, 10, 5], 500_000))) == 1


@given(first=RANKS, second=RANKS, weight=st.integers(0, 1_000_000))
def test_scores_are_exact_to_a_float(first: int, second: int, weight: int) -> None:
    exact = Fraction(weight, 10**6) / (10 + first) + Fraction(10**6 - weight, 10**6) / (10 + second)
    [score] = fuse([first], [second], weight)
    assert abs(Fraction(score) - exact) <= exact / 10**15


def test_best_columns_go_by_score_then_by_column_and_stop_at_minus_infinity() -> None:
    scores = np.array([[1.0, 3, 3, -np.inf], [2, -np.inf, -np.inf, 5]])
    assert [line.tolist() for line in best_columns(scores, [2, 4])] == [[1, 2], [3, 0]]
