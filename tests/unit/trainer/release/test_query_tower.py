"""Who a person is to the models: a history before what is stored, what is stored before tastes, else popularity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.data.synthetic import TASTE_GROUPS, taste_group

STRANGER = "who is this?"
NONE = np.zeros((1, 0))


@pytest.fixture
def everyone(release):
    """The stored embedding of every user, and their histories."""
    rows, ratings = release.histories.padded(np.arange(len(release.dataset.user_ids)))
    return release.embed(release.dataset.user_ids), rows, ratings


@pytest.fixture
def most_rated(release, read_arrow):
    return read_arrow(release, "popularity")["most_rated"].to_numpy()


def tastes_for(release, stars_of_genre):
    """One line of tastes; genres not named are left open."""
    return [[stars_of_genre.get(genre, np.nan) for genre in release.dataset.genres]]


def test_what_is_stored_is_the_encoding_of_the_history(release, everyone):
    stored, rows, ratings = everyone
    encoded = release.embed([""] * len(rows), rows=rows, ratings=ratings)
    assert encoded == pytest.approx(stored, abs=1e-5)
    assert stored.shape[1] == release.catalog.info.embedding_dim


def test_a_history_wins_over_what_is_stored_and_over_tastes(release):
    first, second = (release.histories.padded(np.array([person])) for person in (0, 1))
    tastes = tastes_for(release, {"War": 5.0})
    mixed = release.embed([release.dataset.user_ids[0]], rows=second[0], ratings=second[1], tastes=tastes)
    assert mixed == pytest.approx(release.embed([""], rows=second[0], ratings=second[1]), abs=1e-6)
    assert mixed != pytest.approx(release.embed([""], rows=first[0], ratings=first[1]), abs=1e-3)


def test_what_is_stored_wins_over_tastes(release):
    user = [release.dataset.user_ids[0]]
    assert release.embed(user, tastes=tastes_for(release, {"War": 5.0})) == pytest.approx(release.embed(user))


def test_a_stranger_without_anything_is_unknown_and_gets_the_most_rated_movies(release, most_rated):
    answer = release.ask_tower([STRANGER])
    assert answer["known"].tolist() == [False]
    found = release.search(answer["query_embedding"], NONE)["movie_row"][0]
    assert found.tolist() == most_rated[:200].tolist()


@pytest.mark.parametrize("strange", [-(2**31), -5, -1, 400, 2**31 - 1])
def test_a_history_out_of_range_is_none(release, strange):
    answer = release.ask_tower([STRANGER], rows=[[strange]], ratings=[[5.0]])
    assert answer["known"].tolist() == [False]
    assert answer["query_embedding"] == pytest.approx(release.embed([STRANGER]), abs=1e-6)
    rows, ratings = [[7, strange, 9]], [[5.0, 3.0, 1.0]]
    encoded = release.embed([""], rows=rows, ratings=ratings)
    assert encoded == pytest.approx(release.embed([""], rows=[[7, 9]], ratings=[[5.0, 1.0]]), abs=1e-5)


@pytest.mark.parametrize("known_by", ["id", "history", "watched", "tastes"])
def test_whoever_says_anything_is_known_and_not_ranked_by_popularity(release, most_rated, known_by):
    answer = {
        "id": lambda: release.ask_tower(["17"]),
        "history": lambda: release.ask_tower([STRANGER], rows=[[3]], ratings=[[4.0]]),
        "watched": lambda: release.ask_tower([STRANGER], rows=[[3]]),
        "tastes": lambda: release.ask_tower([STRANGER], tastes=tastes_for(release, {"War": 5.0})),
    }[known_by]()
    assert answer["known"].tolist() == [True]
    found = release.search(answer["query_embedding"], NONE)["movie_row"][0]
    assert found[:20].tolist() != most_rated[:20].tolist()


def test_ids_are_compared_byte_by_byte(release):
    assert release.ask_tower(["1", "01", " 1", "1\0", ""])["known"].tolist() == [True, False, False, False, False]


@given(weight=st.floats(0, 1), pair=st.tuples(st.integers(0, 299), st.integers(0, 299)))
def test_a_mean_of_embeddings_has_the_mean_of_the_scores(release, weight, pair):
    query = release.embed(release.dataset.user_ids[list(pair)])
    weights = np.array([[weight, 1 - weight]], np.float32)
    assert release.scores(weights @ query) == pytest.approx(weights @ release.scores(query), abs=1e-5)


def test_a_batch_gives_what_single_calls_give(release):
    """One of each kind of person, side by side."""
    users = ["3", STRANGER, "5", STRANGER]
    rows = [[-1, -1], [2, 9], [-1, -1], [-1, -1]]
    ratings = [[np.nan, np.nan], [5.0, np.nan], [np.nan, np.nan], [np.nan, np.nan]]
    tastes = tastes_for(release, {}) * 3 + tastes_for(release, {"War": 5.0})
    together = release.ask_tower(users, rows=rows, ratings=ratings, tastes=tastes)
    for i in range(4):
        line = slice(i, i + 1)
        alone = release.ask_tower(users[line], rows=rows[line], ratings=ratings[line], tastes=tastes[line])
        assert together["known"][i] == alone["known"][0]
        assert together["query_embedding"][i] == pytest.approx(alone["query_embedding"][0], abs=1e-5)


def test_nobody_is_answered_in_shape(release):
    answer = release.ask_tower([])
    assert answer["query_embedding"].shape == (0, release.catalog.info.embedding_dim)
    assert answer["known"].shape == (0,)


def test_one_coordinate_is_only_for_people_without_a_history(release, everyone):
    """It ranks by popularity, and must not move the lists of all others."""
    unused = np.flatnonzero((everyone[0] == 0).all(axis=0))
    assert release.embed([STRANGER])[0, unused].tolist() == [1.0]


@pytest.mark.parametrize("group", range(len(TASTE_GROUPS)))
def test_tastes_bring_up_the_genres_that_are_liked(release, most_rated, group):
    """Who gives the favourite genres of a taste group five stars gets more of them than popularity lists."""
    favourite = [bool(set(TASTE_GROUPS[group]) & set(movie.genres)) for movie in release.dataset.movies]
    query = release.embed([STRANGER], tastes=tastes_for(release, dict.fromkeys(TASTE_GROUPS[group], 5.0)))
    found = release.search(query, NONE)["movie_row"][0]
    assert np.take(favourite, found[:20]).sum() > np.take(favourite, most_rated[:20]).sum()


def test_favourites_of_ones_taste_group_come_first(release, everyone, most_rated):
    """Most of a person's first ten are favourites, more than of the ten most rated movies they have not seen."""
    query, rows, _ = everyone
    listed = release.search(query, rows)["movie_row"][:, :10]
    groups = [taste_group(user_id) for user_id in release.dataset.user_ids]
    favourite = np.array(
        [[bool(set(group) & set(movie.genres)) for movie in release.dataset.movies] for group in TASTE_GROUPS]
    )[groups]
    popular = np.stack([[row for row in most_rated if row not in set(seen.tolist())][:10] for seen in rows])
    own, others = (np.take_along_axis(favourite, lines, axis=1).mean() for lines in (listed, popular))
    assert own > 0.5
    assert own > 2 * others
