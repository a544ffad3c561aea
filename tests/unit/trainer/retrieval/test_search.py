"""Settings are found where their neighbours are no better, and each is tried once."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.retrieval.ridge import RidgeSettings
from trainer.retrieval.search import Found, SearchSettings, search_settings

START = RidgeSettings()


def hill(regularization, unobserved_weight):
    """A quality whose top is at the given settings, falling with the squared distance in octaves."""

    def quality(settings):
        # The step that moves the unobserved weight keeps this product.
        product = math.log2(settings.regularization * settings.unobserved_weight)
        off = product - math.log2(regularization * unobserved_weight)
        return -(off**2) - math.log2(settings.unobserved_weight / unobserved_weight) ** 2

    return quality


@given(st.integers(-4, 4), st.integers(-4, 4))
def test_the_top_of_a_hill_is_found(octaves, weight_octaves):
    top = (START.regularization * 2.0**octaves, START.unobserved_weight * 2.0**weight_octaves)
    found = search_settings(START, hill(*top), SearchSettings()).settings
    assert (found.regularization, found.unobserved_weight) == pytest.approx(top)


def test_half_octaves_are_found_too():
    top = (START.regularization * 2**0.5, START.unobserved_weight)
    assert search_settings(START, hill(*top), SearchSettings()).settings.regularization == pytest.approx(top[0])


def test_no_settings_are_tried_twice():
    tried = []

    def quality(settings):
        tried.append(settings)
        return hill(0.08, 0.05)(settings)

    search_settings(START, quality, SearchSettings())
    assert len(tried) == len(set(tried))


def test_what_gains_too_little_is_not_changed():
    assert search_settings(START, lambda settings: 1e-3 * settings.regularization, SearchSettings()).settings == START


@pytest.mark.parametrize(("gain", "dim"), [(0.005, 64), (0.02, 128)])
def test_a_larger_embedding_must_gain_more(gain, dim):
    found = search_settings(START, lambda settings: gain * (settings.dim == 128), SearchSettings()).settings
    assert found.dim == dim


def test_without_time_nothing_is_tried():
    def never(settings):
        raise AssertionError(settings)

    assert search_settings(START, never, SearchSettings(budget_seconds=0)) == Found(START, budget_spent=False)


def test_when_time_is_over_the_best_so_far_is_kept():
    ever_better = search_settings(START, lambda settings: settings.regularization, SearchSettings(budget_seconds=1e-9))
    assert ever_better == Found(START, budget_spent=True)
