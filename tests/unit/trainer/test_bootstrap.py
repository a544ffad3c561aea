"""Intervals tell how much a figure depends on who was asked."""

import numpy as np
import pytest

from trainer.bootstrap import compare, estimate
from trainer.person_metrics import PersonWise

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
