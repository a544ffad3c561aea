import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.recommender.objective import Order, order_by_liking

WATCH = Order(np.array([[5.0, 3, 9, 1]]), np.array([[2, 3, 1, 4]], np.int32))
STARS = np.array([[1, 5, 2, 4]], np.float32)


def ranks(num_own: int, star_share: float, watch: Order = WATCH, stars: np.ndarray = STARS) -> list[int]:
    order = order_by_liking(watch, stars, np.array([num_own]), star_share)
    return order.rank[0].tolist()


@pytest.mark.parametrize(
    ("num_own", "star_share", "expected"),
    [(4, 0, [2, 3, 1, 4]), (4, 1, [4, 1, 3, 2]), (3, 1, [3, 1, 2, 4]), (1, 1, [2, 3, 1, 4]), (0, 1, [2, 3, 1, 4])],
)
def test_own_candidates_are_reordered_and_others_stay(num_own: int, star_share: float, expected: list[int]) -> None:
    assert ranks(num_own, star_share) == expected


def test_half_and_half_adds_standardised_values() -> None:
    """Scores 5 3 9 1 are .17 -.51 1.52 -1.18 standardised, stars 1 5 2 4 are -1.26 1.26 -.63 .63."""
    order = order_by_liking(WATCH, STARS, np.array([4]), 0.5)
    np.testing.assert_allclose(order.score, [[-0.548, 0.379, 0.445, -0.275]], atol=1e-3)
    assert order.rank[0].tolist() == [4, 2, 1, 3]


def test_equal_mixtures_go_by_column_and_equal_scores_count_nothing() -> None:
    alike = Order(np.full((1, 4), np.float32(0.1), np.float64), WATCH.rank)
    assert ranks(4, 0, alike) == [1, 2, 3, 4]
    assert ranks(4, 0.01, alike) == [4, 1, 3, 2]


def test_padding_and_excluded_stay_out() -> None:
    watch = Order(np.array([[np.nan, 3, -np.inf, 1]]), np.array([[0, 1, 0, 2]], np.int32))
    stars = np.array([[np.nan, 2, 5, 4]], np.float32)
    assert ranks(2, 1, watch, stars) == [0, 2, 0, 1]


@given(
    scores=st.lists(st.integers(-5, 5), min_size=1, max_size=12),
    num_own=st.integers(0, 12),
    star_share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_ranks_stay_a_permutation_and_scores_fall_with_them(
    scores: list[int], num_own: int, star_share: float, seed: int
) -> None:
    score = np.array([scores], float)
    rank = np.argsort(np.argsort(-score, axis=1, kind="stable"), axis=1).astype(np.int32) + 1
    stars = np.random.default_rng(seed).uniform(1, 5, score.shape).astype(np.float32)
    order = order_by_liking(Order(score, rank), stars, np.array([num_own]), star_share)
    assert sorted(order.rank[0]) == list(range(1, len(scores) + 1))
    assert (np.diff(order.score[0, np.argsort(order.rank[0])]) <= 1e-12).all()
