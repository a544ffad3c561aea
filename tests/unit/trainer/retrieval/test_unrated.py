"""Movies that nobody rated are placed beside those alike in what is known of them."""

import numpy as np
import pytest
from scipy import sparse

from trainer.retrieval.unrated import embed_unrated

# A hundred comedies, a hundred westerns, and one of each that nobody rated.
FEATURES = sparse.csr_matrix(np.repeat(np.eye(2), 101, axis=0))
COUNTS = np.where(np.arange(202) % 101 == 100, 0, 7)
CANDIDATES = np.repeat([[1.0, 2.0, 0.0], [-3.0, 0.0, 1.0]], 101, axis=0).astype(np.float32)
CANDIDATES[COUNTS == 0] = 50.0


def test_an_unrated_movie_is_placed_where_those_of_its_genre_are():
    filled = embed_unrated(CANDIDATES, COUNTS, FEATURES)
    assert filled[COUNTS == 0] == pytest.approx(CANDIDATES[[0, 101]], abs=0.05)


def test_rated_movies_stay_where_they_are():
    filled = embed_unrated(CANDIDATES, COUNTS, FEATURES)
    assert (filled[COUNTS > 0] == CANDIDATES[COUNTS > 0]).all()
    assert filled.dtype == np.float32


@pytest.mark.parametrize("counts", [np.ones(202), np.zeros(202)], ids=["all rated", "none rated"])
def test_without_anything_to_place_or_to_learn_from_all_stay(counts):
    assert embed_unrated(CANDIDATES, counts, FEATURES) is CANDIDATES


def test_a_movie_of_which_nothing_is_known_is_the_mean_of_those_rated():
    features = FEATURES.tolil()
    features[100] = 0
    filled = embed_unrated(CANDIDATES, COUNTS, features.tocsr())
    assert filled[100] == pytest.approx(CANDIDATES[COUNTS > 0].mean(axis=0), abs=1e-5)
    assert filled[201] == pytest.approx(CANDIDATES[101], abs=0.05)


def test_a_genre_that_every_movie_has_is_no_hindrance():
    filled = embed_unrated(CANDIDATES, COUNTS, sparse.csr_matrix(np.ones((202, 1))))
    assert filled[100] == pytest.approx((CANDIDATES[0] + CANDIDATES[101]) / 2, abs=1e-5)
