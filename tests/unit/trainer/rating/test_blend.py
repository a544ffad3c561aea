"""A short history leans on the movie's mean, a long one on the model."""

import numpy as np
import pytest
from hypothesis import given

from tests.unit.trainer.people import histories_of, lists_of_entries, random_lists
from trainer.rating.blend import MEAN_DAMPING, MEAN_WORTH, BlendedEncoder, damped_means
from trainer.rating.fold_in import RatingEncoder
from trainer.rating.gibbs import Draw, GibbsSettings

NUM_MOVIES, DIM = 6, 2
KNOWN = histories_of(*random_lists(20, NUM_MOVIES, length=4))
MEANS = damped_means(KNOWN, NUM_MOVIES)
RANDOM = np.random.default_rng(0)
DRAW = Draw(RANDOM.normal(size=(NUM_MOVIES, DIM)), np.ones(DIM), np.eye(DIM), np.ones((NUM_MOVIES, DIM)), 2.0)
MODEL = RatingEncoder([DRAW], 3.4, GibbsSettings())
MODEL.compress(KNOWN, DIM)
BLENDED = BlendedEncoder(MODEL, MEANS)


def stars(encoder, rows, ratings):
    return encoder.movie_offset + encoder.encode(rows, ratings).numpy() @ encoder.movie_factors.T


def test_means_are_pulled_towards_the_mean_of_all():
    means = damped_means(histories_of([(0, 5.0), (1, 2.0)], [(0, 5.0)]), 3)
    assert means == pytest.approx([(10 + MEAN_DAMPING * 4) / (2 + MEAN_DAMPING), (2 + 20) / 6, 4])


@given(lists_of_entries(NUM_MOVIES))
def test_the_share_of_the_model_grows_with_the_ratings(lists):
    rows, ratings = histories_of(*lists).padded(np.arange(len(lists)))
    count = np.array([sum(not np.isnan(given) for _, given in owned) for owned in lists])[:, None]
    further = np.maximum(count - 1, 0)
    by_hand = (further * stars(MODEL, rows, ratings) + MEAN_WORTH * MEANS) / (further + MEAN_WORTH)
    assert stars(BLENDED, rows, ratings) == pytest.approx(by_hand, abs=1e-4)


@pytest.mark.parametrize("rows", [[-1, -1], [3, -1]], ids=["no rating", "one rating"])
def test_someone_with_no_rating_or_one_gets_the_means(rows):
    ratings = np.where(np.array([rows]) < 0, np.nan, 5.0).astype(np.float32)
    assert stars(BLENDED, np.array([rows], np.int32), ratings)[0] == pytest.approx(MEANS, abs=1e-5)


@pytest.mark.parametrize("strange", [-1, NUM_MOVIES])
def test_rows_out_of_range_do_not_count(strange):
    padded = np.array([[1, strange]], np.int32), np.array([[5.0, 2.0]], np.float32)
    assert stars(BLENDED, *padded) == pytest.approx(stars(BLENDED, padded[0][:, :1], padded[1][:, :1]), abs=1e-5)
