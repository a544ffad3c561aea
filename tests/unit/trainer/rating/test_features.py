"""Features of people and movies by hand."""

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of
from trainer.data.dataset import Movie
from trainer.rating.features import genres_and_years, watched
from trainer.rating.prior import LinearTerm


def test_what_someone_watched_weighs_less_in_a_longer_list():
    features = watched(histories_of([(0, 5.0), (2, 1.0)], [], [(1, 3.0)]), 3, damping=2.0).toarray()
    assert features == pytest.approx(np.array([[0.5, 0, 0.5], [0, 0, 0], [0, 1 / np.sqrt(3), 0]]))


def test_genres_have_length_one_and_years_fall_into_bins_of_five():
    movies = [
        Movie("1", "A", 1990, ("Comedy", "War")),
        Movie("2", "B", 1994, ("War",)),
        Movie("3", "C", 1995, ()),
        Movie("4", "D", 0, ("Comedy",)),
    ]
    half = np.sqrt(0.5)
    by_hand = [[half, half, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]
    assert genres_and_years(movies, ("Comedy", "War")).toarray() == pytest.approx(np.array(by_hand))


@pytest.mark.parametrize("max_rank", [2, 20], ids=["sparse", "dense"])
def test_a_linear_term_keeps_the_strongest_axes(max_rank):
    features = watched(histories_of(*([(row, 1.0)] * (row + 1) for row in range(6))), 6, damping=0.0)
    term = LinearTerm.of(features, max_rank, dim=2)
    assert term.axes @ term.axes.T == pytest.approx(np.eye(len(term.axes)), abs=1e-9)
    assert term.projected == pytest.approx(features @ term.axes.T, abs=1e-9)
    singular = np.linalg.svd(features.toarray(), compute_uv=False)[:max_rank]
    assert np.sqrt(term.strength) == pytest.approx(singular[singular > 1e-9])


def test_features_that_say_nothing_have_no_axes():
    term = LinearTerm.of(genres_and_years([Movie("1", "A", 0, ())], ("War",)), max_rank=5, dim=2)
    assert term.axes.shape == (0, 1)
    assert term.shift().tolist() == [[0.0, 0.0]]
