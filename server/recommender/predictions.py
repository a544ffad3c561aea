"""The recommender's questions to the models, as typed functions."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import (
    MOVIE_INDEX,
    PADDING_ROW,
    QUERY_TOWER,
    RANK_MOVIES,
    RANKING_HEAD,
    SERVING_DEFAULT,
    Floats,
    Models,
    Rows,
)
from server.recommender.objective import Order


class Embedded(NamedTuple):
    """Query embeddings `[n, d] float32`, and whether the query tower knows each person, `[n] bool`."""

    embedding: Floats
    known: NDArray[np.bool_]


async def embed_users(models: Models, user_ids: Sequence[str], num_genres: int) -> Embedded:
    """Embeds people by their id alone; someone unknown gets the embedding that ranks by popularity."""
    count = len(user_ids)
    inputs = {
        "user_id": np.array([user_id.encode() for user_id in user_ids], dtype=object),
        "history_row": np.full((count, 1), PADDING_ROW, np.int32),
        "history_rating": np.full((count, 1), np.nan, np.float32),
        "genre_rating": np.full((count, num_genres), np.nan, np.float32),
    }
    outputs = await models.predict(QUERY_TOWER, SERVING_DEFAULT, inputs)
    return Embedded(outputs["query_embedding"], outputs["known"])


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
