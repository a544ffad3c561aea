"""Reads the requests that are not for recommendations."""

from dataclasses import dataclass

import numpy as np
from pairrec.v1 import movie_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import NotFoundError
from server.gateway.checks import Reading
from server.gateway.checks_lists import read_filter
from server.gateway.checks_members import read_member
from server.gateway.page_token import Page
from server.recommender.catalog import Catalog
from server.recommender.models import Rows
from server.recommender.popularity import popular_rows
from server.recommender.queries import History, Member, PopularOrder

_MAX_PREDICTED = 1000
_MAX_QUERY_LENGTH = 200


@dataclass(frozen=True)
class Predictable:
    """Whose stars are asked for; `rows` are the movies, or None for every one."""

    member: Member
    rows: Rows | None
    unknown_movie_ids: tuple[str, ...]


def read_prediction(request: service_pb2.PredictRatingsRequest, page: Page, catalog: Catalog) -> Predictable:
    """Reads a request for stars.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    reading = Reading(catalog, page.faults)
    member = read_member(reading, "member", request.member)
    rows = np.array(reading.rows("movie_ids", request.movie_ids, _MAX_PREDICTED), np.int32)
    reading.at_least_zero("page_size", request.page_size)
    reading.finish()
    return Predictable(member, rows if request.movie_ids else None, tuple(reading.unknown_movie_ids))


def read_rated(request: service_pb2.ListRatedMoviesRequest, page: Page, catalog: Catalog) -> History:
    """Returns what the person rated whom a request names, the latest first.

    Raises:
        InvalidRequestError: Names every bad field.
        NotFoundError: Nobody has this id.
    """
    reading = Reading(catalog, page.faults)
    reading.text("user_id", request.user_id)
    reading.require(request.share_history, "share_history", "is false; the answer would show this person's history")
    reading.at_least_zero("page_size", request.page_size)
    reading.finish()
    if not catalog.knows(request.user_id):
        raise NotFoundError("user_id: the release knows nobody of this id")
    history = catalog.history(request.user_id)
    return History(history.rows[::-1], history.ratings[::-1])


def read_similar(request: service_pb2.FindSimilarMoviesRequest, catalog: Catalog) -> int:
    """Returns the row of the movie whose like are asked for.

    Raises:
        InvalidRequestError: Names every bad field.
        NotFoundError: No movie has this id.
    """
    reading = Reading(catalog)
    row = reading.row("movie_id", request.movie_id)
    reading.at_least_zero("page_size", request.page_size)
    reading.finish()
    if row is None:
        raise NotFoundError("movie_id: the release has no movie of this id; SearchMovies finds ids by title")
    return row


def read_popular(
    request: service_pb2.ListPopularMoviesRequest, page: Page, catalog: Catalog
) -> tuple[Rows, tuple[str, ...]]:
    """Returns the rows of the popular movies asked for, and the movie ids nobody knows.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    reading = Reading(catalog, page.faults)
    order = reading.choice("order_by", request.order_by, movie_pb2.PopularOrder, PopularOrder.HIGHEST_RATED)
    reading.at_least_zero("min_rating_count", request.min_rating_count)
    reading.at_least_zero("min_mean_rating", request.min_mean_rating)
    reading.at_least_zero("page_size", request.page_size)
    wanted, excluded = read_filter(reading, request.filter, request.min_rating_count)
    reading.finish()
    rows = popular_rows(catalog, order, wanted, excluded, request.min_mean_rating)
    return rows, tuple(reading.unknown_movie_ids)


def check_search(request: service_pb2.SearchMoviesRequest, catalog: Catalog) -> None:
    """Checks a search by title.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    reading = Reading(catalog)
    reading.text("query", request.query, _MAX_QUERY_LENGTH)
    reading.at_least_zero("page_size", request.page_size)
    reading.finish()
