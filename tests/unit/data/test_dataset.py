"""The laws of `latest`, `take` and `fingerprint`."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trainer.data import Dataset, Movie

# (user, row, stars, time): few values of each, so that repeats and equal times are common.
ENTRY = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 5), st.integers(0, 3))
ENTRIES = st.lists(ENTRY, max_size=25)


def make_dataset(entries):
    user, row, rating, timestamp = np.array(entries, dtype=np.int64).reshape(-1, 4).T
    return Dataset(
        name="tiny",
        license="none",
        movies=tuple(Movie(str(i), f"Movie {i}", 1990, ("Drama",)) for i in range(4)),
        genres=("Drama",),
        user_ids=np.array(["1", "2", "3"]),
        user=user.astype(np.int32),
        row=row.astype(np.int32),
        rating=rating.astype(np.float32),
        timestamp=timestamp,
        rating_min=1,
        rating_max=5,
    )


def entries_of(data):
    return list(zip(data.user.tolist(), data.row.tolist(), data.rating.tolist(), data.timestamp.tolist(), strict=True))


@given(ENTRIES)
def test_latest_keeps_the_newest_of_each_pair_in_file_order(entries):
    newest = {}
    for place, (user, row, _, time) in enumerate(entries):
        if (user, row) not in newest or time >= entries[newest[user, row]][3]:
            newest[user, row] = place
    assert entries_of(make_dataset(entries).latest()) == [entries[place] for place in sorted(newest.values())]


@given(ENTRIES)
def test_latest_of_latest_changes_nothing(entries):
    once = make_dataset(entries).latest()
    assert entries_of(once.latest()) == entries_of(once)


@given(ENTRIES, st.randoms(use_true_random=False))
def test_fingerprint_does_not_depend_on_file_order(entries, random):
    distinct = list({(user, row, time): (user, row, stars, time) for user, row, stars, time in entries}.values())
    shuffled = random.sample(distinct, len(distinct))
    assert make_dataset(distinct).fingerprint() == make_dataset(shuffled).fingerprint()


@given(ENTRIES, ENTRY)
def test_fingerprint_tells_one_more_interaction(entries, entry):
    assert make_dataset(entries).fingerprint() != make_dataset([*entries, entry]).fingerprint()


def test_fingerprint_tells_which_of_two_equally_new_ratings_counts():
    first, second = (0, 0, 2, 7), (0, 0, 5, 7)
    assert make_dataset([first, second]).fingerprint() != make_dataset([second, first]).fingerprint()


def test_fingerprint_tells_every_part_of_the_data_but_the_name():
    data = make_dataset([(0, 1, 3, 5)])
    changes = [
        {"movies": (*data.movies[:3], replace(data.movies[3], title="Other"))},
        {"movies": (*data.movies[:3], replace(data.movies[3], alias_ids=("9",)))},
        {"genres": ("Comedy",)},
        {"user_ids": np.array(["1", "2", "4"])},
        {"rating": np.array([4], np.float32)},
        {"timestamp": np.array([6])},
        {"rating_max": 10.0},
    ]
    prints = {replace(data, **change).fingerprint() for change in changes}
    assert len(prints | {data.fingerprint()}) == len(changes) + 1
    assert replace(data, name="other").fingerprint() == data.fingerprint()


def test_take_keeps_movies_people_and_rows():
    data = make_dataset([(0, 1, 3, 5), (2, 3, 4, 6), (1, 0, 1, 7)])
    part = data.take(np.array([2, 1]))
    assert entries_of(part) == [(1, 0, 1, 7), (2, 3, 4, 6)]
    assert part.movies == data.movies
    assert part.user_ids.tolist() == data.user_ids.tolist()
    assert entries_of(data.take(data.rating > 2)) == entries_of(data)[:2]
    assert entries_of(data.take(np.array([], int))) == []
