import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from server.recommender.diversity import diversify

ANGLES = arrays(np.float64, st.integers(0, 12), elements=st.integers(0, 359))


def directions(angles: np.ndarray) -> np.ndarray:
    return np.stack([np.cos(np.deg2rad(angles)), np.sin(np.deg2rad(angles))], axis=1)


@given(angles=ANGLES, size=st.integers(0, 20))
def test_no_diversity_keeps_the_order(angles: np.ndarray, size: int) -> None:
    assert diversify(directions(angles), 0.0, size).tolist() == list(range(min(size, len(angles))))


@given(angles=ANGLES, diversity=st.floats(0, 1), sizes=st.tuples(st.integers(0, 20), st.integers(0, 20)))
def test_fewer_picks_are_the_first_of_more_and_none_repeats(
    angles: np.ndarray, diversity: float, sizes: tuple[int, int]
) -> None:
    fewer, more = (diversify(directions(angles), diversity, size).tolist() for size in sorted(sizes))
    assert more[: len(fewer)] == fewer
    assert len(set(more)) == len(more)


def test_the_best_comes_first_and_then_what_is_least_like_it() -> None:
    assert diversify(directions(np.array([0, 1, 2, 90, 180])), 1.0, 5).tolist() == [0, 4, 3, 2, 1]


def test_a_little_diversity_passes_over_a_near_repeat() -> None:
    """Relevance is 1, .44, 0 for places 1 to 3: 1 / 11, 1 / 12 and 1 / 13, spread over 0 to 1."""
    angles = np.array([0, 0, 90])
    second = {share: int(diversify(directions(angles), share, 2)[1]) for share in (0.3, 0.35)}
    assert second == {0.3: 1, 0.35: 2}
