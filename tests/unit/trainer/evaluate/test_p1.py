"""The split on which published figures are compared."""

from dataclasses import replace

import numpy as np
import pytest

from tests.unit.trainer.people import dataset_of, random_lists
from trainer.evaluate import p1

# Some movies twice: the same movie under two ids.
LISTS = [owned + owned[:2] for owned in random_lists(num_people=10, num_movies=12, length=8)]
DATASET = dataset_of(*LISTS, num_movies=12)


def test_the_first_four_fifths_of_the_permutation_are_train():
    order = np.random.RandomState(37).permutation(100)
    train, _ = p1.split(DATASET)
    assert train.timestamp.tolist() == order[:80].tolist()


def test_test_rows_are_none_of_train_and_none_twice():
    train, test = p1.split(DATASET)
    of_train, of_test = (list(zip(part.user.tolist(), part.row.tolist(), strict=True)) for part in (train, test))
    assert not set(of_train) & set(of_test)
    assert len(of_test) == len(set(of_test))
    every_pair = set(zip(DATASET.user.tolist(), DATASET.row.tolist(), strict=True))
    assert set(of_train) | set(of_test) == every_pair


def test_figures_are_those_of_the_lists_and_stars_served(small_release):
    """Held back: the first movie of everyone's own list, which every other person liked."""
    people = np.arange(30)
    query = small_release.embed(small_release.dataset.user_ids)
    seen, _ = small_release.histories.padded(people)
    first = small_release.search(query, seen)["movie_row"][:, :1]
    given = np.tile(np.float32([3, 4]), 15)
    test = replace(small_release.dataset, user=people, row=first[:, 0], rating=given, timestamp=people)
    measured = p1.measure(small_release.root, 1, test)
    assert measured["watch"] == {"ndcg_at_10": 1.0, "recall_at_20": 1.0, "top_100": 1.0}
    assert measured["watch_liked"] == measured["watch"]
    assert 0 < measured["like"]["ndcg_at_10"] < 1
    assert measured["like"]["top_100"] == 1.0
    errors = small_release.stars(query, first)[:, 0] - given
    assert measured["stars"]["rmse"] == pytest.approx(np.sqrt((errors**2).mean()), abs=1e-5)
