import grpc
import numpy as np
import pytest

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import bad_fields_of, refused
from tests.tiny_release import STRANGER, rating_of

AGREED = {"user_id": "1", "share_history": True}


def test_predicted_ratings_come_in_the_order_of_the_movies_named(stack: Stack) -> None:
    response = stack.gateway.ask("PredictRatings", member={"user_id": "1"}, movie_ids=["m9", "x", "also-m3", "m9"])
    stars = stack.release.stars[stack.release.line("1")]
    assert [one.movie.movie_id for one in response.ratings] == ["m9", "m3", "m9"]
    assert [one.predicted_rating for one in response.ratings] == pytest.approx(stars[[9, 3, 9]])
    assert (list(response.unknown_movie_ids), response.next_page_token) == (["x"], "")


def test_predicted_ratings_of_all_movies_come_highest_first(stack: Stack) -> None:
    response = stack.gateway.ask("PredictRatings", member={"user_id": STRANGER}, page_size=100)
    stars = stack.release.stars[stack.release.line(STRANGER)]
    assert [one.movie.movie_id for one in response.ratings] == [f"m{row}" for row in np.argsort(-stars, kind="stable")]
    assert list(response.unknown_members) == [STRANGER]


def test_movies_nobody_knows_have_no_predicted_rating(stack: Stack) -> None:
    response = stack.gateway.ask("PredictRatings", member={"user_id": "1"}, movie_ids=["x"])
    assert (list(response.ratings), list(response.unknown_movie_ids)) == ([], ["x"])


def test_rated_movies_come_latest_first_beside_what_was_predicted(stack: Stack) -> None:
    response = stack.gateway.ask("ListRatedMovies", **AGREED, page_size=100)
    rows = stack.release.history("1")[::-1]
    assert [one.movie.movie_id for one in response.ratings] == [f"m{row}" for row in rows]
    assert [one.rating for one in response.ratings] == [rating_of(row) for row in rows]
    predicted = stack.release.stars[stack.release.line("1")][list(rows)]
    assert [one.predicted_rating for one in response.ratings] == pytest.approx(predicted)


def test_similar_movies_come_by_cosine_without_the_movie_itself(stack: Stack) -> None:
    response = stack.gateway.ask("FindSimilarMovies", movie_id="also-m3", page_size=4)
    directions = stack.release.candidates / np.linalg.norm(stack.release.candidates, axis=1, keepdims=True)
    cosines = np.delete(directions @ directions[3], 3)
    assert [one.score for one in response.movies] == pytest.approx(np.sort(cosines)[::-1][:4], abs=1e-6)
    assert "m3" not in [one.movie.movie_id for one in response.movies]


@pytest.mark.parametrize("order", ["POPULAR_ORDER_UNSPECIFIED", "POPULAR_ORDER_HIGHEST_RATED"])
def test_popular_movies_come_highest_rated_first_by_default(stack: Stack, order: str) -> None:
    means = [one.mean_rating for one in stack.gateway.ask("ListPopularMovies", order_by=order, page_size=100).movies]
    assert len(means) == stack.release.num_movies
    assert means == sorted(means, reverse=True)


def test_popular_movies_pass_every_bound(stack: Stack) -> None:
    wanted = {"excluded_genres": ["comedy"], "min_year": 1991, "min_rating_count": 1, "excluded_movie_ids": ["m6", "x"]}
    bounds = {"min_rating_count": 2, "min_mean_rating": 3}
    response = stack.gateway.ask("ListPopularMovies", order_by=2, filter=wanted, page_size=100, **bounds)
    counts = np.bincount(sum(stack.release.histories, ()), minlength=stack.release.num_movies)
    rows = [row for row in range(3, 40, 3) if row != 6 and counts[row] >= 2 and rating_of(row) >= 3]
    assert rows
    expected = sorted(rows, key=lambda row: (-counts[row], row))
    assert [movie.movie_id for movie in response.movies] == [f"m{row}" for row in expected]
    assert list(response.unknown_movie_ids) == ["x"]


@pytest.mark.parametrize("field", ["min_rating_count", "min_mean_rating"])
def test_popular_movies_have_bounds_of_zero_or_more(stack: Stack, field: str) -> None:
    assert bad_fields_of(refused(lambda: stack.gateway.ask("ListPopularMovies", **{field: -1}))) == [field]
    nan = float("nan")
    assert bad_fields_of(refused(lambda: stack.gateway.ask("ListPopularMovies", min_mean_rating=nan)))


def test_titles_are_found_with_a_year_and_without(stack: Stack) -> None:
    for query in ("movie 17", "MOVIE 17 (2007)"):
        assert stack.gateway.ask("SearchMovies", query=query, page_size=1).movies[0].movie_id == "m17"
    assert not stack.gateway.ask("SearchMovies", query="zzzzzzzz").movies


@pytest.mark.parametrize(
    ("rpc", "fields", "bad"),
    [
        ("PredictRatings", {"movie_ids": [""], "page_size": -1}, ["member", "movie_ids[0]", "page_size"]),
        ("PredictRatings", {"member": AGREED, "movie_ids": ["m1"] * 1001}, ["movie_ids"]),
        ("ListRatedMovies", {"page_size": -1}, ["page_size", "share_history", "user_id"]),
        ("ListRatedMovies", {"user_id": STRANGER}, ["share_history"]),
        ("FindSimilarMovies", {"page_size": -1}, ["movie_id", "page_size"]),
        ("FindSimilarMovies", {"movie_id": "x" * 129}, ["movie_id"]),
        ("ListPopularMovies", {"order_by": 9, "filter": {"genres": ["?"]}}, ["filter.genres[0]", "order_by"]),
        ("SearchMovies", {"page_size": -1}, ["page_size", "query"]),
        ("SearchMovies", {"query": "x" * 201}, ["query"]),
    ],
)
def test_all_bad_fields_are_named_at_once(stack: Stack, rpc: str, fields: dict[str, object], bad: list[str]) -> None:
    error = refused(lambda: stack.gateway.ask(rpc, **fields))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert sorted(bad_fields_of(error)) == bad


def test_the_release_says_what_requests_may_name(stack: Stack) -> None:
    release = stack.gateway.release().release
    assert (list(release.genres), release.rating_min, release.rating_max) == (["Comedy", "Drama", "War"], 1, 5)
