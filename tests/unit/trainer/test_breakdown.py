"""What lists are like, whether stars mean what they say, and for whom it works less well."""

import numpy as np
import pytest

from tests.unit.trainer.people import histories_of
from trainer.breakdown import (
    by_history_length,
    calibrate,
    coverage,
    describe_histories,
    describe_lists,
    popularity_percentiles,
)
from trainer.metrics import PersonWise

# Movie 0 was rated by all four, 1 by two, 2 and 3 by nobody.
SEEN = histories_of([(0, 5.0), (1, 5.0)], [(0, 3.0), (1, 1.0)], [(0, 4.0)], [(0, 2.0)])
KEY = "popularity_percentile_at_10"


def test_percentiles_share_what_is_equally_popular():
    assert popularity_percentiles(SEEN, 4).tolist() == [0.875, 0.625, 0.25, 0.25]


def test_lists_are_described_by_who_rated_what_is_in_them():
    """Half rated movie 1: one bit. Nobody rated movie 2: as if one of four had. The others have no list."""
    lists = np.array([[1, -1], [0, 2], [-1, -1], [-1, -1]])
    described = describe_lists(lists, SEEN, 4)
    assert described[KEY].total.tolist() == [0.625, (0.875 + 0.25) / 2, 0, 0]
    assert described["novelty_at_10"].total.tolist() == [1, 1, 0, 0]
    assert described[KEY].weight.tolist() == [1, 1, 0, 0]


def test_histories_are_described_alike():
    described = describe_histories(SEEN, 4)
    assert described[KEY].total.tolist() == [0.75, 0.75, 0.875, 0.875]
    assert described["novelty_at_10"].total.tolist() == [0.5, 0.5, 0, 0]


def test_coverage_counts_each_movie_shown_once():
    assert coverage(np.array([[0, 1, -1], [1, 0, -1]]), 8) == 0.25
    eleventh = np.array([[*[0] * 10, 5]])
    assert coverage(eleventh, 8) == 1 / 8


def test_calibration_compares_means_bin_by_bin():
    table = calibrate(np.array([1.0, 1.4, 3.5, 5.0, 4.75]), np.array([1.0, 2.0, 4.0, 5.0, 4.0]))
    assert [(row.low, row.high, row.count) for row in table] == [(1, 1.5, 2), (3.5, 4, 1), (4.5, 5, 2)]
    assert [row.predicted for row in table] == pytest.approx([1.2, 3.5, 4.875])
    assert [row.given for row in table] == [1.5, 4.0, 4.5]


def test_a_scale_that_begins_at_no_stars_has_a_first_bin():
    [only] = calibrate(np.zeros(2), np.array([0.0, 1.0]))
    assert (only.low, only.high, only.count) == (0, 0.5, 2)


def test_nothing_predicted_has_no_calibration():
    assert calibrate(np.zeros(0), np.zeros(0)) == []


def test_people_are_grouped_by_the_length_of_their_histories():
    metric = PersonWise(np.array([1.0, 3.0, 5.0, 9.0]), np.array([1.0, 1.0, 1.0, 0.0]))
    groups = by_history_length(np.array([9, 10, 500, 30]), {"m": metric})
    assert [(group.shortest, group.longest, group.people) for group in groups] == [
        (0, 9, 1),
        (10, 19, 1),
        (200, None, 1),
    ]
    assert [group.values["m"].value for group in groups] == [1, 3, 5]
