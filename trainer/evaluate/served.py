"""Asks a release as the gateway does, in this process: everyone's list, everyone's stars, guests' too."""

from __future__ import annotations

import asyncio
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from server.recommender import predictions
from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels
from server.recommender.models import QUERY_TOWER, SERVING_DEFAULT
from server.recommender.queries import ListQuery, Member, Objective, PersonQuery
from server.recommender.recommend import Recommender
from trainer.histories import PADDING_ROW
from trainer.metrics import LIST_LENGTH, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.histories import Histories

__all__ = ["Objective", "ServedRelease"]

# Guests embedded at once hold at most this many history cells.
MAX_CELLS = 1 << 16


class ServedRelease:
    """One exported release behind the recommender that serves it."""

    def __init__(self, root: Path, version: int, user_ids: Sequence[str]) -> None:
        """Loads the release; people are then named by their place in `user_ids`."""
        self._models = InProcessModels(root, version)
        self.recommender = Recommender(self._models, Catalog.open(root / "catalog" / str(version)))
        self.user_ids = list(user_ids)

    @cached_property
    def embeddings(self) -> np.ndarray:
        """The query embeddings of everyone, [n, d]."""
        num_genres = len(self.recommender.catalog.info.genres)
        embedded = [
            asyncio.run(predictions.embed_users(self._models, [self.user_ids[person] for person in batch], num_genres))
            for batch in people_in_batches(np.arange(len(self.user_ids)))
        ]
        return np.concatenate([batch.embedding for batch in embedded])

    def lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        """Returns the own lists of `people` [n], rows [n, LIST_LENGTH], best first, then -1."""
        return np.concatenate([self._lists(batch, objective) for batch in people_in_batches(people)])

    def stars(self, asked: Histories) -> np.ndarray:
        """Returns the predicted stars for each entry of `asked`, [entries] float32."""
        return self._stars(self.embeddings, asked)

    def scores(self, embeddings: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Returns the retrieval scores of `rows` [n, c] for query embeddings [n, d], [n, c]."""
        nothing = np.full((len(rows), 1), PADDING_ROW, np.int32)
        return asyncio.run(predictions.rank_movies(self._models, embeddings, nothing, rows)).score

    def guest_lists(self, known: Histories) -> np.ndarray:
        """Returns the WATCH lists of guests who have rated `known`, rows [n, LIST_LENGTH], best first, then -1."""
        embeddings = self._embed_guests(known)
        lists = np.full((len(known), LIST_LENGTH), PADDING_ROW)
        for guests in people_in_batches(np.arange(len(known))):
            excluded, _ = known.padded(guests)
            found = asyncio.run(predictions.find_candidates(self._models, embeddings[guests], excluded))
            lists[guests, : found.shape[1]] = found[:, :LIST_LENGTH]
        return lists

    def guest_stars(self, known: Histories, asked: Histories) -> np.ndarray:
        """Returns the stars of guests who have rated `known`, for each entry of `asked`, [entries] float32."""
        return self._stars(self._embed_guests(known), asked)

    def _embed_guests(self, known: Histories) -> np.ndarray:
        num_genres = len(self.recommender.catalog.info.genres)

        def encode(rows: np.ndarray, ratings: np.ndarray) -> np.ndarray:
            inputs = {
                "user_id": np.full(len(rows), b"", object),
                "history_row": rows,
                "history_rating": ratings,
                "genre_rating": np.full((len(rows), num_genres), np.nan, np.float32),
            }
            return asyncio.run(self._models.predict(QUERY_TOWER, SERVING_DEFAULT, inputs))["query_embedding"]

        return known.encoded(encode, MAX_CELLS)

    def _stars(self, embeddings: np.ndarray, asked: Histories) -> np.ndarray:
        stars = [np.zeros(0, np.float32)]
        for people in people_in_batches(np.arange(len(asked))):
            rows, _ = asked.padded(people)
            predicted = asyncio.run(predictions.predict_stars(self._models, embeddings[people], rows))
            stars.append(predicted[rows != PADDING_ROW])
        return np.concatenate(stars)

    def _lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        queries = [PersonQuery(Member(self.user_ids[person]), ListQuery(objective, LIST_LENGTH)) for person in people]
        lists = np.full((len(people), LIST_LENGTH), PADDING_ROW)
        for line, answer in zip(lists, asyncio.run(self.recommender.recommend(queries)), strict=True):
            line[: len(answer.entries)] = [entry.row for entry in answer.entries]
        return lists
