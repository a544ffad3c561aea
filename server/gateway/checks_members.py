"""Reads people out of requests."""

from collections.abc import Mapping, Sequence

import numpy as np
from pairrec.v1 import recommendation_pb2

from server.gateway.checks import Reading, quoted
from server.recommender.models import Floats
from server.recommender.queries import NO_HISTORY, History, Member

_MAX_HISTORY = 1000
MAX_GENRES = 100


def read_member(
    reading: Reading, field: str, member: recommendation_pb2.Member, *, include_watched: bool = False
) -> Member:
    """Reads one person, who must be named by id, history or tastes."""
    named = bool(member.user_id or member.history or member.genre_ratings)
    reading.require(named, field, "names nobody; set user_id, history or genre_ratings")
    if member.user_id:
        reading.text(f"{field}.user_id", member.user_id)
    return Member(
        user_id=member.user_id,
        history=_read_history(reading, f"{field}.history", member.history),
        genre_ratings=_read_tastes(reading, f"{field}.genre_ratings", member.genre_ratings),
        include_watched=include_watched,
    )


def _read_history(reading: Reading, field: str, movies: Sequence[recommendation_pb2.RatedMovie]) -> History:
    if not movies:
        return NO_HISTORY
    ratings: dict[int, float] = {}
    for i, movie in enumerate(reading.some(field, movies, _MAX_HISTORY)):
        row = reading.row(f"{field}[{i}].movie_id", movie.movie_id)
        rating = movie.rating if movie.HasField("rating") else None
        if rating is not None:
            _check_rating(reading, f"{field}[{i}].rating", rating)
        if row is not None:
            # Named again, a movie counts where and as it was named last.
            ratings.pop(row, None)
            ratings[row] = np.nan if rating is None else rating
    return History(np.array(list(ratings), np.int32), np.array(list(ratings.values()), np.float32))


def _read_tastes(reading: Reading, field: str, tastes: Mapping[str, float]) -> Floats | None:
    if not tastes:
        return None
    stars = np.full(len(reading.catalog.info.genres), np.nan, np.float32)
    for name in reading.some(field, sorted(tastes), MAX_GENRES):
        path = f"{field}[{quoted(name)}]"
        genre = reading.genre(path, name)
        _check_rating(reading, path, tastes[name])
        if genre is not None:
            reading.require(bool(np.isnan(stars[genre])), path, "names a genre that is there in another case too")
            stars[genre] = tastes[name]
    return stars


def _check_rating(reading: Reading, field: str, rating: float) -> None:
    info = reading.catalog.info
    reading.number(field, rating, info.rating_min, info.rating_max)
