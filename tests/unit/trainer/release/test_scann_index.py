"""Behind the same signatures the index by ScaNN keeps the laws of the exact one, and finds nearly all it finds."""

import sys

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from server.saved_model import SavedModel
from tests.unit.trainer.release.scann_exports import (
    DIM,
    NUM_MOVIES,
    POPULARITY,
    Index,
    K,
    candidates,
    people,
    save_exact,
    save_scann,
)

ALL_ROWS = np.arange(NUM_MOVIES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_scann(tmp_path_factory.mktemp("scann") / "1", candidates())


@pytest.fixture(scope="module")
def scann(folder):
    return Index(SavedModel.load(folder))


@pytest.fixture(scope="module")
def exact(tmp_path_factory):
    return Index(SavedModel.load(save_exact(tmp_path_factory.mktemp("exact") / "1", candidates())))


def nothing(count):
    return np.zeros((count, 0))


def all_but(*rows):
    return np.setdiff1d(ALL_ROWS, rows)[None]


def strangers(count):
    query = np.zeros((count, DIM), np.float32)
    query[:, POPULARITY] = 1
    return query


def described(model):
    definitions = model.signature_defs.items()
    return {
        (signature, name): (tensor.dtype, tensor.tensor_shape.SerializeToString())
        for signature, definition in definitions
        for name, tensor in [*definition.inputs.items(), *definition.outputs.items()]
        if signature != "__saved_model_init_op"
    }


def test_signatures_are_those_of_the_exact_index(scann, exact):
    assert described(scann.model) == described(exact.model)


def test_nearly_everything_that_is_best_is_found(scann, exact):
    """All leaves are searched here, so that only the coarse codes can miss a movie."""
    found, best = (index.search(people(50), nothing(50))["movie_row"].tolist() for index in (scann, exact))
    assert np.mean([len({*mine} & {*its}) / K for mine, its in zip(found, best, strict=True)]) > 0.9


def test_scores_are_exact_and_best_first(scann):
    found = scann.search(people(50), nothing(50))
    scores = people(50)[:, : POPULARITY + 1] @ candidates().T
    assert found["score"] == pytest.approx(np.take_along_axis(scores, found["movie_row"], axis=1), abs=1e-5)
    assert (np.diff(found["score"], axis=1) <= 0).all()
    assert all(len({*rows}) == K for rows in found["movie_row"].tolist())


@settings(max_examples=40)
@given(
    st.lists(st.integers(-3, NUM_MOVIES + 3), max_size=60),
    st.integers(0, NUM_MOVIES),
    st.sampled_from((people, strangers)),
)
def test_what_is_excluded_never_returns_and_lists_are_as_long_as_can_be(scann, rows, up_to, make):
    """Also where so much is excluded that the shortlist, or the whole catalogue, runs out."""
    excluded = np.array([*rows, *range(up_to)])
    left = set(range(NUM_MOVIES)) - set(excluded.tolist())
    found = scann.search(make(1), excluded[None])
    listed = found["movie_row"][0][: min(K, len(left))].tolist()
    assert len(left & {*listed}) == len(listed)
    assert (found["movie_row"][0, len(listed) :] == -1).all()
    assert np.isneginf(found["score"][0, len(listed) :]).all()


def test_whoever_excludes_nearly_everything_is_searched_exactly(scann, exact):
    kept = np.arange(0, NUM_MOVIES, 40)
    found, best = (index.search(people(1), all_but(*kept)) for index in (scann, exact))
    assert found["movie_row"].tolist() == best["movie_row"].tolist()
    ranks = [index.rank(people(1), all_but(*kept), kept[None])["rank"].tolist() for index in (scann, exact)]
    assert ranks[0] == ranks[1]


def test_popularity_is_searched_exactly(scann, exact):
    """Also as a part of the mean of a stranger and someone else."""
    query = np.concatenate((strangers(1), (strangers(1) + people(1)) / 2))
    found, best = (index.search(query, nothing(2))["movie_row"].tolist() for index in (scann, exact))
    assert found == best


def test_ranks_are_exact_so_that_scores_fall_as_ranks_rise(scann, exact):
    """What the search misses keeps its place: the gateway refuses ranks that scores do not follow."""
    everything = np.tile(ALL_ROWS, (20, 1))
    excluded = np.tile(np.arange(0, NUM_MOVIES, 3), (20, 1))
    ranked, right = (index.rank(people(20), excluded, everything) for index in (scann, exact))
    assert ranked["rank"].tolist() == right["rank"].tolist()
    assert ranked["score"].tolist() == right["score"].tolist()


def test_a_batch_finds_what_single_queries_find(scann):
    query = people(30)
    together = scann.search(query, nothing(30))
    for i in range(30):
        alone = scann.search(query[i : i + 1], nothing(1))
        assert alone["movie_row"][0].tolist() == together["movie_row"][i].tolist()


def test_nobody_and_nothing_asked_are_answered_in_shape(scann):
    assert scann.search(people(0), nothing(0))["movie_row"].shape == (0, K)
    assert scann.rank(people(2), nothing(2), nothing(2))["rank"].shape == (2, 0)


def test_two_of_them_in_one_process_answer_for_themselves(scann, tmp_path):
    before = scann.search(people(5), nothing(5))["movie_row"].tolist()
    opposite = Index(SavedModel.load(save_scann(tmp_path / "2", -candidates())))
    found = opposite.search(people(5), nothing(5))
    scores = people(5)[:, : POPULARITY + 1] @ -candidates().T
    assert found["score"].tolist() == np.take_along_axis(scores, found["movie_row"], axis=1).tolist()
    assert (found["score"] > 0).all()
    assert scann.search(people(5), nothing(5))["movie_row"].tolist() == before


def test_where_scann_is_missing_the_error_names_it_and_a_way_out(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "scann", None)
    said = r"needs the package scann, which is not usable here .*: install scann .*, or train with --index bruteforce"
    with pytest.raises(tf.errors.FailedPreconditionError, match=said):
        SavedModel.load(folder)
