"""The recommender's questions to the models, as typed functions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import (
    MOVIE_INDEX,
    QUERY_TOWER,
    RANK_MOVIES,
    RANKING_HEAD,
    SERVING_DEFAULT,
    SIMILAR_MOVIES,
    Floats,
    Models,
    Rows,
)
from server.recommender.objective import Order
from server.recommender.queries import Member
from server.recommender.row_sets import pad_rows, pad_stars


class Embedded(NamedTuple):
    """Query embeddings `[n, d] float32`, and whether the query tower knows each person, `[n] bool`."""

    embedding: Floats
    known: NDArray[np.bool_]


async def embed_members(models: Models, members: Sequence[Member], num_genres: int) -> Embedded:
    """Embeds people by what is said of them, and what the query tower has stored of their ids.

    A history goes before what is stored, what is stored before tastes; of whom nothing is known gets the embedding
    that ranks by popularity.
    """
    rows, stars = [member.history.rows for member in members], [member.history.ratings for member in members]
    width = None if any(map(len, rows)) else 1
    no_opinion = np.full(num_genres, np.nan)
    tastes = [no_opinion if member.genre_ratings is None else member.genre_ratings for member in members]
    inputs = {
        "user_id": np.array([member.user_id.encode() for member in members], dtype=object),
        "history_row": pad_rows(rows)[:, :width],
        "history_rating": pad_stars(stars)[:, :width],
        "genre_rating": np.array(tastes, np.float32),
    }
    outputs = await models.predict(QUERY_TOWER, SERVING_DEFAULT, inputs)
    return Embedded(outputs["query_embedding"], outputs["known"])


async def embed_users(models: Models, user_ids: Sequence[str], num_genres: int) -> Embedded:
    """Embeds people by their id alone; see `embed_members`."""
    return await embed_members(models, [Member(user_id) for user_id in user_ids], num_genres)


async def find_candidates(models: Models, embedding: Floats, excluded_row: Rows) -> Rows:
    """Finds each person's k best movies less the excluded, `[n, k] int32`, best first, then -1."""
    inputs = {"query_embedding": embedding, "excluded_row": excluded_row}
    outputs = await models.predict(MOVIE_INDEX, SERVING_DEFAULT, inputs)
    return outputs["movie_row"]


async def rank_movies(models: Models, embedding: Floats, excluded_row: Rows, movie_row: Rows) -> Order:
    """Scores movies `[n, c]` and ranks them among everything that is not excluded."""
    inputs = {"query_embedding": embedding, "excluded_row": excluded_row, "movie_row": movie_row}
    outputs = await models.predict(MOVIE_INDEX, RANK_MOVIES, inputs)
    return Order(outputs["score"].astype(np.float64), outputs["rank"])


async def predict_stars(models: Models, embedding: Floats, movie_row: Rows) -> Floats:
    """Predicts what each person would give each movie, `[n, c] float32` stars; NaN for padding."""
    inputs = {"query_embedding": embedding, "movie_row": movie_row}
    outputs = await models.predict(RANKING_HEAD, SERVING_DEFAULT, inputs)
    return outputs["rating"]


async def find_similar(models: Models, row: int) -> tuple[Rows, Floats]:
    """Finds the k movies most like one, best first: rows `[k] int32` (then -1) and cosines `[k] float32`."""
    outputs = await models.predict(MOVIE_INDEX, SIMILAR_MOVIES, {"movie_row": np.array([row], np.int32)})
    return outputs["movie_row"][0], outputs["score"][0]
