"""The embedding of a history is the solution of its normal equations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import STARS, histories_of, lists_of_entries
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings, gram

NUM_MOVIES = 8
SETTINGS = RidgeSettings(dim=3, unobserved_weight=0.3, regularization=0.05)
RIDGE = Ridge(SETTINGS, RatingScale(1.0, 5.0))
CANDIDATES = np.random.default_rng(0).normal(size=(NUM_MOVIES, SETTINGS.dim)).astype(np.float32)
TARGET = dict(zip(STARS, SETTINGS.targets, strict=True))


def encode(rows, ratings):
    return RIDGE.encode(
        CANDIDATES, gram(CANDIDATES), np.asarray(rows, np.int32), np.asarray(ratings, np.float32)
    ).numpy()


def encode_lists(lists):
    return encode(*histories_of(*lists).padded(np.arange(len(lists))))


def solved(owned):
    """The minimum of the objective, written out: every entry of the history and every movie of the catalogue."""
    weight, penalty = SETTINGS.unobserved_weight, SETTINGS.regularization
    normal = weight * CANDIDATES.T @ CANDIDATES
    normal = normal + penalty * (len(owned) + weight * NUM_MOVIES) * np.eye(SETTINGS.dim)
    right_hand_side = np.zeros(SETTINGS.dim)
    for row, stars in owned:
        normal = normal + np.outer(CANDIDATES[row], CANDIDATES[row])
        right_hand_side = right_hand_side + TARGET[stars] * CANDIDATES[row]
    return np.linalg.solve(normal, right_hand_side)


@given(lists_of_entries(NUM_MOVIES))
def test_embedding_solves_the_normal_equations(lists):
    assert encode_lists(lists) == pytest.approx(np.stack([solved(owned) for owned in lists]), abs=1e-5)


@given(lists_of_entries(NUM_MOVIES))
def test_others_in_the_batch_change_nothing(lists):
    singles = np.concatenate([encode_lists([owned]) for owned in lists])
    assert encode_lists(lists) == pytest.approx(singles, abs=1e-5)


@given(st.lists(st.sampled_from([-(2**31), -7, -1, NUM_MOVIES, 2**31 - 1]), max_size=4))
def test_rows_out_of_range_are_padding(strange):
    rows, ratings = [2, *strange, 5], [4.0, *[3.0] * len(strange), 1.0]
    assert encode([rows], [ratings]) == pytest.approx(encode([[2, 5]], [[4.0, 1.0]]), abs=1e-6)


@pytest.mark.parametrize("width", [0, 3])
def test_an_empty_history_is_zero(width):
    assert encode(np.full((1, width), -1), np.full((1, width), np.nan)).tolist() == [[0.0] * SETTINGS.dim]


@pytest.mark.parametrize(
    ("stars", "target"),
    [(1, 0.8), (2, 0.9), (3, 1.0), (4, 1.05), (5, 1.1), (1.5, 0.85), (4.5, 1.075), (np.nan, 1.0), (0, 0.8), (9, 1.1)],
)
def test_targets_are_linear_between_their_knots_and_end_with_the_scale(stars, target):
    """Watched without a rating is the middle."""
    assert RIDGE.targets(np.array([[stars]], np.float32)).numpy() == pytest.approx(target)


def test_targets_follow_the_scale():
    half_stars = Ridge(SETTINGS, RatingScale(0.0, 10.0))
    assert half_stars.targets(np.array([0.0, 5.0, 10.0], np.float32)).numpy() == pytest.approx([0.8, 1.0, 1.1])
