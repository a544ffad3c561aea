"""Padded arrays, groups and audiences hold just what the lists hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.trainer.people import dataset_of, histories_of, lists_of_entries
from trainer.histories import Histories

NUM_MOVIES = 8


def entries(histories):
    """Every (owner, row, stars)."""
    return set(zip(histories.owners.tolist(), histories.rows.tolist(), histories.ratings.tolist(), strict=True))


@given(lists_of_entries(), st.randoms())
def test_padded_lines_hold_the_lists_in_the_order_asked_for(lists, random):
    asked = random.choices(range(len(lists)), k=random.randint(0, 5))
    rows, ratings = histories_of(*lists).padded(np.array(asked, int))
    assert rows.shape == ratings.shape == (len(asked), max([1, *(len(lists[owner]) for owner in asked)]))
    for owner, line, stars in zip(asked, rows, ratings, strict=True):
        count = len(lists[owner])
        assert list(zip(line[:count].tolist(), stars[:count].tolist(), strict=True)) == lists[owner]
        assert (line[count:] == -1).all()
        assert np.isnan(stars[count:]).all()


@given(lists_of_entries(), st.randoms())
def test_some_owners_keep_their_lists_in_the_order_asked_for(lists, random):
    asked = random.choices(range(len(lists)), k=random.randint(0, 5))
    some = histories_of(*lists).of(np.array(asked, int))
    assert entries(some) == entries(histories_of(*(lists[owner] for owner in asked)))
    assert some.lengths.tolist() == [len(lists[owner]) for owner in asked]


@given(lists_of_entries(), st.integers(1, 20))
def test_batches_hold_every_owner_once_and_no_more_cells_than_allowed(lists, max_cells):
    histories = histories_of(*lists)
    batches = list(histories.batches(max_cells))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(lists)))
    for owners in batches:
        assert histories.padded(owners)[0].size <= max_cells or len(owners) == 1


@given(lists_of_entries())
def test_transposed_lists_hold_the_same_entries_by_movie(lists):
    histories = histories_of(*lists)
    audiences = histories.transposed(NUM_MOVIES)
    assert len(audiences) == NUM_MOVIES
    assert {(person, row, stars) for row, person, stars in entries(audiences)} == entries(histories)
    assert entries(audiences.transposed(len(lists))) == entries(histories)


@given(lists_of_entries())
def test_counts_are_the_lengths_of_the_audiences(lists):
    histories = histories_of(*lists)
    assert histories.counts(NUM_MOVIES).tolist() == histories.transposed(NUM_MOVIES).lengths.tolist()
    assert histories.counts(NUM_MOVIES).sum() == sum(map(len, lists))


def test_of_people_is_oldest_first_with_the_newest_rating_of_each_movie():
    dataset = dataset_of([(3, 1.0), (0, 2.0), (3, 5.0)], [], [(1, 4.0)], num_movies=4)
    histories = Histories.of_people(dataset)
    assert histories.offsets.tolist() == [0, 2, 2, 3]
    assert histories.rows.tolist() == [0, 3, 1]
    assert histories.ratings.tolist() == [2.0, 5.0, 4.0]


@given(lists_of_entries(), st.integers(0, 3))
def test_lists_can_be_cut_by_place(lists, count):
    histories = histories_of(*lists)
    first = histories.where(histories.places < count)
    assert len(first) == len(lists)
    assert entries(first) == entries(histories_of(*(owned[:count] for owned in lists)))


def test_nobody_has_no_history():
    nobody = histories_of()
    assert len(nobody) == 0
    assert list(nobody.batches(10)) == []
    assert nobody.transposed(3).lengths.tolist() == [0, 0, 0]


@pytest.mark.parametrize("field", ["offsets", "rows", "ratings"])
def test_types_are_those_models_take(field):
    histories = Histories.of_people(dataset_of([(0, 1.0)], num_movies=1))
    kinds = {"offsets": np.int64, "rows": np.int32, "ratings": np.float32}
    assert getattr(histories, field).dtype == kinds[field]


@given(lists_of_entries(), st.floats(0, 1), st.integers(0, 9))
def test_what_is_split_is_whole_when_joined(lists, held_back, seed):
    histories = histories_of(*lists)
    left, held = histories.split(held_back, seed)
    assert len(held.rows) == round(held_back * len(histories.rows))
    joined = left.joined(held)
    assert joined.lengths.tolist() == histories.lengths.tolist()
    assert entries(joined) == entries(histories)
