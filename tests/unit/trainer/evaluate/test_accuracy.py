"""Figures are those of the lists and stars served, beside baselines that are judged by the same people."""

from dataclasses import replace

import numpy as np
import pytest

from trainer.evaluate.accuracy import SERVED, SplitMeasure
from trainer.evaluate.served import ServedRelease
from trainer.evaluate.splits import TrainTest

NUM_PEOPLE = 30


@pytest.fixture(scope="module")
def served(small_release):
    return ServedRelease(small_release.root, 1, small_release.dataset.user_ids.tolist())


@pytest.fixture(scope="module")
def first_of_own_list(small_release):
    """Held back: the first movie of everyone's own list, which every other person liked."""
    seen, _ = small_release.histories.padded(np.arange(NUM_PEOPLE))
    query = small_release.embed(small_release.dataset.user_ids)
    people = np.arange(NUM_PEOPLE, dtype=np.int32)
    rows = small_release.search(query, seen)["movie_row"][:, 0]
    given = np.tile(np.float32([3, 4]), NUM_PEOPLE // 2)
    test = replace(small_release.dataset, user=people, row=rows, rating=given, timestamp=people.astype(np.int64))
    return SplitMeasure(TrainTest(small_release.dataset, test), seed=1)


def means(systems):
    return {name: metric.total.sum() / metric.weight.sum() for name, metric in systems[SERVED].items()}


def test_watch_is_judged_by_every_test_row(served, first_of_own_list):
    measured = first_of_own_list.lists(served)
    found = means(measured.parts["watch"])
    assert (found["ndcg_at_10"], found["recall_at_20"], found["top_100"]) == (1, 1, 1)
    assert (found["precision_at_10"], found["zero_recall_at_20"]) == (pytest.approx(0.1), 0)
    assert list(measured.parts["watch"]) == [SERVED, "popularity", "ease", "histories"]
    assert sum(group.people for group in measured.details["lists_by_length"]) == NUM_PEOPLE


def test_like_is_judged_by_what_was_liked_and_by_what_hits_were_given(served, first_of_own_list):
    parts = first_of_own_list.like(served).parts["like"]
    assert parts["watch_lists"]["ndcg_at_10"].total.tolist() == [0, 1] * (NUM_PEOPLE // 2)
    assert parts["watch_lists"]["stars_of_hits_at_20"].total.tolist() == [3, 4] * (NUM_PEOPLE // 2)
    assert 0 < means(parts)["ndcg_at_10"] < 1


def test_runs_of_two_seeds_join_into_their_mean(served, first_of_own_list):
    once = first_of_own_list.stars(served)
    assert means(once.joined(once).parts["stars"]) == pytest.approx(means(once.parts["stars"]))
    assert list(once.parts["stars"]) == [SERVED, "bias", "svd_plus_plus"]
    assert sum(row.count for row in once.details["calibration"]) == NUM_PEOPLE
