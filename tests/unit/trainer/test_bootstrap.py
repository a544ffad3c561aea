"""Intervals tell how much a figure depends on who was asked."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.bootstrap import compare, estimate
from trainer.metrics import PersonWise

PEOPLE = 400


def metric(values):
    return PersonWise(np.asarray(values, float), np.ones(len(values)))


def test_the_interval_of_a_mean_is_that_of_its_standard_error():
    values = np.random.default_rng(1).normal(5, 2, PEOPLE)
    found = estimate({"m": metric(values)})["m"]
    assert found.value == pytest.approx(values.mean())
    half_width = 1.96 * values.std() / np.sqrt(PEOPLE)
    assert (found.low, found.high) == pytest.approx((found.value - half_width, found.value + half_width), abs=0.03)


def test_a_steady_difference_is_certain_however_much_people_differ():
    values = np.random.default_rng(1).normal(5, 2, PEOPLE)
    _, other = compare({"a": {"m": metric(values + 0.1)}, "b": {"m": metric(values)}})
    lead = other.lead["m"]
    assert (lead.value, lead.low, lead.high) == pytest.approx((0.1, 0.1, 0.1))


def test_people_with_more_ratings_count_more_in_a_root_mean_square():
    errors = PersonWise(np.array([4.0, 27.0]), np.array([1.0, 3.0]), root=True)
    assert estimate({"rmse": errors})["rmse"].value == pytest.approx(np.sqrt(31 / 4))


def test_people_who_are_not_judged_change_nothing():
    values, nobody = np.arange(10.0), np.zeros(5)
    some = PersonWise(np.concatenate((values, nobody)), np.concatenate((np.ones(10), nobody)))
    assert estimate({"m": some}) == estimate({"m": metric(values)})


def test_what_nobody_is_judged_by_has_no_value():
    nothing = metric([])
    assert estimate({"m": nothing}) == {}
    [first, second] = compare({"a": {"m": metric([1.0, 2.0]), "n": nothing}, "b": {"n": nothing}})
    assert (list(first.values), second.values, second.lead) == (["m"], {}, {})


def test_the_same_seed_gives_the_same_interval():
    values = {"m": metric(np.arange(20.0))}
    assert estimate(values, seed=1) == estimate(values, seed=1) != estimate(values, seed=2)


def half_width(values, members):
    _, other = compare({"a": {"m": metric(values)}, "b": {"m": metric(np.zeros(len(values)))}}, members=members)
    return (other.lead["m"].high - other.lead["m"].low) / 2


ALL_PAIRS = np.array(list(combinations(range(40), 2)))


def test_pairs_are_only_as_certain_as_the_people_in_them():
    """What a pair gets is the mean of what its people like: 780 pairs tell no more than their 40 people."""
    taste = np.random.default_rng(1).normal(size=40)
    of_pairs = taste[ALL_PAIRS].mean(axis=1)
    expected = 1.96 * taste.std() / np.sqrt(40)
    assert half_width(of_pairs, ALL_PAIRS) == pytest.approx(expected, rel=0.15)
    assert half_width(of_pairs, None) < expected / 2


def test_the_same_pairs_measured_twice_make_nothing_more_certain():
    values = np.random.default_rng(1).normal(size=len(ALL_PAIRS))
    twice, both = np.tile(values, 2), np.tile(ALL_PAIRS, (2, 1))
    assert half_width(twice, both) == pytest.approx(half_width(values, ALL_PAIRS))


@given(st.integers(0, 100), st.permutations(range(6)))
def test_who_is_first_in_a_pair_and_the_order_of_pairs_change_nothing(gap, order):
    """Nor do people who are in no pair."""
    values, pairs = np.arange(6.0), np.array([[0, 1], [1, 2], [2, 3], [0, 3], [1, 3], [0, 2]])
    other = gap + pairs[order][:, ::-1]
    assert half_width(values[order], other) == pytest.approx(half_width(values, pairs))


def test_one_person_a_unit_is_the_bootstrap_over_people():
    values = np.random.default_rng(1).normal(size=50)
    assert half_width(values, np.arange(50)[:, None]) == half_width(values, None)
