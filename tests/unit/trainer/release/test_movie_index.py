"""The index finds what an exhaustive search finds, and never what is excluded."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

STRANGE_ROWS = np.array([-(2**31), -2, -1, 400, 5000, 2**31 - 1])
NONE = np.zeros((1, 0))
# Rows of the small release, of which 40 and more are padding.
EXCLUDED = arrays(np.int32, st.tuples(st.just(2), st.integers(0, 70)), elements=st.integers(-3, 45))


def queries(release, count=2):
    return release.embed(release.dataset.user_ids[:count])


def left(excluded, num_movies):
    """The rows that one line of exclusions leaves."""
    return sorted(set(range(num_movies)) - set(excluded.tolist()))


@pytest.mark.parametrize(("name", "k"), [("release", 200), ("small_release", 40)])
def test_as_many_candidates_as_200_or_the_catalogue(name, k, request):
    release = request.getfixturevalue(name)
    query = queries(release)
    assert release.search(query, np.zeros((2, 0)))["movie_row"].shape == (2, k)
    assert release.similar([0])["movie_row"].shape == (1, k)
    assert release.catalog.info.candidates == k


def test_candidates_are_the_best_of_all_best_first(either):
    query = queries(either, 30)
    found = either.search(query, np.zeros((30, 0)))
    scores = either.scores(query)
    k = found["score"].shape[1]
    assert found["score"] == pytest.approx(-np.sort(-scores, axis=1)[:, :k], abs=1e-5)
    assert found["score"] == pytest.approx(np.take_along_axis(scores, found["movie_row"], axis=1), abs=1e-5)
    assert (np.diff(found["score"], axis=1) <= 0).all()
    assert all(len(set(line)) == k for line in found["movie_row"].tolist())


@given(excluded=EXCLUDED)
def test_what_is_excluded_never_returns_and_all_else_does(small_release, excluded):
    """Also where candidates and exclusions are more than there are movies, named twice or out of range."""
    found = small_release.search(queries(small_release), excluded)
    for line, rows, scores in zip(excluded, found["movie_row"], found["score"], strict=True):
        expected = left(line, 40)
        assert sorted(rows[: len(expected)].tolist()) == expected
        assert (rows[len(expected) :] == -1).all()
        assert np.isneginf(scores[len(expected) :]).all()


def test_excluding_the_first_candidates_brings_up_the_next(release):
    query = queries(release, 1)
    found = release.search(query, NONE)["movie_row"][0]
    without = release.search(query, found[None, :50])["movie_row"][0]
    assert without[:150].tolist() == found[50:].tolist()
    assert (without >= 0).all()


@pytest.mark.parametrize("strange", STRANGE_ROWS)
def test_exclusions_out_of_range_are_padding(release, strange):
    query = queries(release, 1)
    padded = release.search(query, [[3, strange]])
    assert padded["movie_row"].tolist() == release.search(query, [[3]])["movie_row"].tolist()


@given(
    excluded=EXCLUDED, rows=arrays(np.int32, st.tuples(st.just(2), st.integers(0, 12)), elements=st.integers(-3, 45))
)
def test_ranks_count_what_is_better_and_not_excluded(small_release, excluded, rows):
    query = queries(small_release)
    answer, scores = small_release.rank(query, excluded, rows), small_release.scores(query)
    for line, asked, of_movie, score, rank in zip(excluded, rows, scores, answer["score"], answer["rank"], strict=True):
        allowed = left(line, 40)
        for row, got_score, got_rank in zip(asked, score, rank, strict=True):
            if not 0 <= row < 40:
                assert np.isnan(got_score)
            else:
                assert got_score == pytest.approx(of_movie[row], abs=1e-5)
            better = sum(of_movie[other] > of_movie[row] for other in allowed) if row in allowed else -1
            assert got_rank == better + 1


def test_equal_scores_are_ranked_by_row(release):
    """A stranger's scores are popularity, where many movies are equal."""
    query, rows = release.embed(["nobody"]), np.arange(400, dtype=np.int32)[None]
    answer = release.rank(query, NONE, rows)
    assert len(set(answer["score"][0])) < 400
    assert answer["rank"][0].tolist() == (1 + np.argsort(np.argsort(-answer["score"][0], kind="stable"))).tolist()
    found = release.search(query, NONE)["movie_row"]
    assert release.rank(query, NONE, found)["rank"].tolist() == [list(range(1, 201))]


@pytest.mark.parametrize("strange", STRANGE_ROWS)
def test_rows_out_of_range_have_no_score_and_no_rank(release, strange):
    answer = release.rank(queries(release, 1), NONE, [[strange]])
    assert np.isnan(answer["score"]).all()
    assert answer["rank"].tolist() == [[0]]


def test_an_excluded_movie_keeps_its_score_and_has_no_rank(release):
    answer = release.rank(queries(release, 1), [[5]], [[5, 6]])
    assert np.isfinite(answer["score"]).all()
    assert answer["rank"][0, 0] == 0


def test_the_candidates_of_a_search_have_ranks_one_to_k(release):
    """Both signatures compute the scores for themselves; the gateway relies on their agreeing."""
    query = queries(release, 300)
    excluded = release.histories.padded(np.arange(300))[0]
    found = release.search(query, excluded)["movie_row"]
    ranks = release.rank(query, excluded, found)["rank"]
    scores = np.take_along_axis(release.scores(query), found, axis=1)
    in_place = ranks == np.arange(1, 201)
    tied = np.isclose(scores, np.take_along_axis(scores, np.clip(ranks - 1, 0, 199), axis=1), atol=1e-5)
    assert (in_place | tied).all()


def test_similar_movies_leave_out_the_movie_itself_and_fall_in_cosine(either):
    rows = np.arange(either.num_movies)
    found = either.similar(rows)
    assert not (found["movie_row"] == rows[:, None]).any()
    finite = np.isfinite(found["score"])
    assert (found["score"][finite] <= 1 + 1e-5).all()
    assert (np.diff(np.where(finite, found["score"], -2), axis=1) <= 0).all()
    assert np.array_equal(found["movie_row"] >= 0, finite)


def test_similarity_is_the_cosine_of_the_candidates_of_the_catalogue(small_release, candidates):
    directions = candidates / np.maximum(np.linalg.norm(candidates, axis=1, keepdims=True), 1e-12)
    found = small_release.similar(np.arange(40))
    cosines = np.take_along_axis(directions @ directions.T, found["movie_row"], axis=1)
    assert found["score"][:, :39] == pytest.approx(cosines[:, :39], abs=1e-5)
    assert (found["movie_row"][:, 39] == -1).all()
    assert np.isneginf(found["score"][:, 39]).all()


@pytest.mark.parametrize("strange", STRANGE_ROWS)
def test_nothing_is_similar_to_a_row_out_of_range(release, strange):
    found = release.similar([0, strange])
    assert (found["movie_row"][1] == -1).all()
    assert np.isneginf(found["score"][1]).all()
    assert (found["movie_row"][0] >= 0).all()


def test_nobody_and_nothing_asked_are_answered_in_shape(release):
    query = queries(release, 1)
    assert release.search(query[:0], np.zeros((0, 3)))["movie_row"].shape == (0, 200)
    assert release.rank(query, NONE, np.zeros((1, 0)))["rank"].shape == (1, 0)
    assert release.similar([])["score"].shape == (0, 200)


def test_a_batch_gives_what_single_calls_give(release):
    query, excluded = queries(release, 12), release.histories.padded(np.arange(12))[0]
    rows = np.tile(np.arange(400), (12, 1))
    together, ranked = release.search(query, excluded), release.rank(query, excluded, rows)
    for i in range(12):
        alone = release.search(query[i : i + 1], excluded[i : i + 1])
        assert together["score"][i] == pytest.approx(alone["score"][0], abs=1e-5)
        assert set(together["movie_row"][i, :190].tolist()) <= set(alone["movie_row"][0].tolist())
        scores = release.rank(query[i : i + 1], excluded[i : i + 1], rows[:1])["score"]
        assert ranked["score"][i] == pytest.approx(scores[0], abs=1e-5)
