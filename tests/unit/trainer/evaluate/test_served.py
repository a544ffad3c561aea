"""Measuring asks the release for just what the models of it answer."""

import numpy as np
import pytest

from trainer.evaluate.served import Objective, ServedRelease


@pytest.fixture(scope="module")
def served(small_release):
    return ServedRelease(small_release.root, 1, small_release.dataset.user_ids.tolist())


def test_watch_lists_are_what_the_index_finds_unseen(served, small_release):
    seen, _ = small_release.histories.padded(np.arange(30))
    query = small_release.embed(small_release.dataset.user_ids)
    lists = served.lists(np.arange(30), Objective.WATCH)
    assert lists.shape == (30, 100)
    assert lists[:, :40].tolist() == small_release.search(query, seen)["movie_row"].tolist()
    assert (lists[:, 40:] == -1).all()


def test_like_lists_hold_the_same_movies_in_another_order(served):
    watch, like = (served.lists(np.arange(30), objective) for objective in (Objective.WATCH, Objective.LIKE))
    assert np.sort(watch, axis=1).tolist() == np.sort(like, axis=1).tolist()
    assert watch.tolist() != like.tolist()


def test_stars_stand_beside_the_entries_asked_for(served, small_release):
    rows, _ = small_release.histories.padded(np.arange(30))
    of_row = small_release.stars(small_release.embed(small_release.dataset.user_ids), rows)
    assert served.stars(small_release.histories) == pytest.approx(of_row[rows >= 0], abs=1e-5)
