"""Reads requests for recommendations into queries of the recommender."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from pairrec.v1 import movie_pb2, recommendation_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.frozen import frozen
from server.gateway.checks import Reading
from server.gateway.checks_members import MAX_GENRES, read_member
from server.gateway.page_token import Page
from server.recommender.catalog import Catalog
from server.recommender.lists import Source
from server.recommender.models import Rows
from server.recommender.queries import (
    MILLION,
    ListQuery,
    Member,
    MovieFilter,
    Objective,
    PairQuery,
    PersonQuery,
    Strategy,
)

_MAX_EXCLUDED = 1000
_DEFAULT_WEIGHT = 0.5
_NO_ROWS = np.empty(0, np.int32)


class _Watched(Enum):
    """Whose watched movies a list may hold."""

    NONE = auto()
    BY_FIRST = auto()
    BY_SECOND = auto()
    BOTH = auto()


Q = TypeVar("Q", PairQuery, PersonQuery)
ListRequest: TypeAlias = service_pb2.RecommendPairRequest | service_pb2.RecommendRequest


@frozen
class Asked(Generic[Q]):
    """What a good request asks for.

    Attributes:
        query: For the recommender; as long as the page is deep.
        members: Those it is for.
        page: The part of the list that is sent.
        source: The only source that will do; None where any will.
        validate_only: Whether no list is wanted.
        unknown_movie_ids: Movie ids that the catalogue does not know.
    """

    query: Q
    members: tuple[Member, ...]
    page: Page
    source: Source | None
    validate_only: bool
    unknown_movie_ids: tuple[str, ...]


def read_pair(request: service_pb2.RecommendPairRequest, page: Page, catalog: Catalog) -> Asked[PairQuery]:
    """Reads a request for a pair's list.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    reading = Reading(catalog, page.faults)
    watched = _watched(reading, request)
    first = _member(reading, request, "first", include_watched=watched in (_Watched.BY_FIRST, _Watched.BOTH))
    second = _member(reading, request, "second", include_watched=watched in (_Watched.BY_SECOND, _Watched.BOTH))
    if first.user_id and first.user_id == second.user_id:
        reading.fault("second.user_id", "is the same person as first.user_id; name someone else")
    weight = request.first_weight if request.HasField("first_weight") else _DEFAULT_WEIGHT
    millionths = round(weight * MILLION) if reading.number("first_weight", weight, 0, 1) else 0
    strategy = reading.choice("strategy", request.strategy, recommendation_pb2.Strategy, Strategy.RANK_FUSION)
    query = PairQuery(first, second, millionths, strategy, _list_query(reading, request, page))
    return _asked(reading, request, page, query, first, second)


def read_person(request: service_pb2.RecommendRequest, page: Page, catalog: Catalog) -> Asked[PersonQuery]:
    """Reads a request for one person's own list.

    Raises:
        InvalidRequestError: Names every bad field.
    """
    reading = Reading(catalog, page.faults)
    watched = _watched(reading, request)
    nobody = "is INCLUDE_WATCHED_BY_SECOND; there is no second person here"
    reading.require(watched is not _Watched.BY_SECOND, "include_watched", nobody)
    member = _member(reading, request, "member", include_watched=watched in (_Watched.BY_FIRST, _Watched.BOTH))
    query = PersonQuery(member, _list_query(reading, request, page))
    return _asked(reading, request, page, query, member)


def read_filter(
    reading: Reading, message: movie_pb2.MovieFilter, min_rating_count: int = 0
) -> tuple[MovieFilter, Rows]:
    """Reads which movies a list may hold, and the rows of those that are ruled out by id."""
    if not message.ByteSize():
        return MovieFilter(min_rating_count=min_rating_count), _NO_ROWS
    reading.at_least_zero("filter.min_rating_count", message.min_rating_count)
    bounds = {name: getattr(message, name) for name in ("min_year", "max_year") if message.HasField(name)}
    if len(bounds) == 2 and message.min_year > message.max_year:
        reading.fault("filter.min_year", f"is {message.min_year}; must be max_year, {message.max_year}, or less")
    wanted = MovieFilter(
        genres=_genres(reading, "filter.genres", message.genres),
        excluded_genres=_genres(reading, "filter.excluded_genres", message.excluded_genres),
        min_rating_count=max(message.min_rating_count, min_rating_count),
        **bounds,
    )
    excluded = reading.rows("filter.excluded_movie_ids", message.excluded_movie_ids, _MAX_EXCLUDED)
    return wanted, np.array(excluded, np.int32)


def _watched(reading: Reading, request: ListRequest) -> _Watched:
    return reading.choice("include_watched", request.include_watched, recommendation_pb2.IncludeWatched, _Watched.NONE)


def _member(reading: Reading, request: ListRequest, field: str, *, include_watched: bool) -> Member:
    message = getattr(request, field)
    wish = "include_watched" if include_watched else "with_reasons" if request.with_reasons else ""
    if wish and not message.share_history:
        reading.fault(f"{field}.share_history", f"is false; {wish} would reveal this person's history")
    return read_member(reading, field, message, include_watched=include_watched)


def _list_query(reading: Reading, request: ListRequest, page: Page) -> ListQuery:
    objective = reading.choice("objective", request.objective, recommendation_pb2.Objective, Objective.WATCH)
    reading.at_least_zero("page_size", request.page_size)
    reading.number("diversity", request.diversity, 0, 1)
    wanted, excluded = read_filter(reading, request.filter)
    return ListQuery(
        objective=objective,
        size=min(page.depth, reading.catalog.num_movies),
        excluded_rows=excluded,
        filter=wanted,
        diversity=request.diversity,
        with_reasons=request.with_reasons,
    )


def _asked(reading: Reading, request: ListRequest, page: Page, query: Q, *members: Member) -> Asked[Q]:
    reading.finish()
    degraded_will_do = request.allow_fallback or not request.HasField("allow_fallback")
    source = page.source or (None if degraded_will_do else Source.MODEL)
    return Asked(query, members, page, source, request.validate_only, tuple(reading.unknown_movie_ids))


def _genres(reading: Reading, field: str, names: Sequence[str]) -> tuple[str, ...]:
    named = enumerate(reading.some(field, names, MAX_GENRES))
    places = (reading.genre(f"{field}[{i}]", name) for i, name in named)
    return tuple(reading.catalog.info.genres[place] for place in places if place is not None)
