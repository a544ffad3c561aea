"""Stars on the scale of the data for every movie there is."""

import numpy as np
import pytest


def everyone(release):
    return release.embed(release.dataset.user_ids)


def all_rows(count, release):
    return np.tile(np.arange(release.num_movies), (count, 1))


def test_stars_stay_on_the_scale_also_for_extreme_people(release):
    query = np.concatenate([everyone(release), 100 * everyone(release)[:9], -100 * everyone(release)[:9]])
    stars = release.stars(query, all_rows(len(query), release))
    assert (stars.min(), stars.max()) == (1.0, 5.0)


@pytest.mark.parametrize("strange", [-(2**31), -1, 400, 2**31 - 1])
def test_rows_out_of_range_have_no_stars(release, strange):
    stars = release.stars(everyone(release)[:1], [[3, strange, 4]])
    assert np.isnan(stars).tolist() == [[False, True, False]]


def test_a_row_has_the_same_stars_wherever_it_stands(release):
    query, rows = everyone(release)[:1], all_rows(1, release)
    stars = release.stars(query, rows)
    assert release.stars(query, rows[:, ::-1]) == pytest.approx(stars[:, ::-1], abs=1e-6)


def test_a_mean_of_embeddings_has_the_mean_of_the_stars(release):
    """Where nothing is clipped."""
    query = everyone(release)[:2]
    stars = release.stars(query, all_rows(2, release))
    mean = release.stars(query.mean(axis=0, keepdims=True), all_rows(1, release))[0]
    inside = ((stars > 1) & (stars < 5)).all(axis=0)
    assert inside.any()
    assert mean[inside] == pytest.approx(stars.mean(axis=0)[inside], abs=1e-5)


def test_a_batch_gives_what_single_calls_give(release):
    query, rows = everyone(release)[:10], all_rows(10, release)
    singles = np.concatenate([release.stars(query[i : i + 1], rows[:1]) for i in range(10)])
    assert release.stars(query, rows) == pytest.approx(singles, abs=1e-5)


def test_stars_are_closer_to_what_people_gave_than_the_mean(release):
    rows, ratings = release.histories.padded(np.arange(300))
    rated = rows >= 0
    errors = release.stars(everyone(release), rows)[rated] - ratings[rated]
    assert np.sqrt((errors**2).mean()) < 0.7 * ratings[rated].std()


def test_nobody_and_nothing_asked_are_answered_in_shape(release):
    query = everyone(release)[:1]
    assert release.stars(query[:0], np.zeros((0, 3))).shape == (0, 3)
    assert release.stars(query, np.zeros((1, 0))).shape == (1, 0)
