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
from server.recommender.queries import Objective, PersonQuery
from server.recommender.recommend import Recommender
from trainer.histories import PADDING_ROW
from trainer.metrics import LIST_LENGTH, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from server.recommender.objective import Order
    from trainer.histories import Histories

__all__ = ["Objective", "ServedRelease"]


class ServedRelease:
    """One exported release behind the recommender that serves it."""

    def __init__(self, root: Path, version: int, user_ids: Sequence[str]) -> None:
        """Loads the release; people are then named by their place in `user_ids`."""
        self._models = InProcessModels(root, version)
        self.recommender = Recommender(self._models, Catalog.open(root / "catalog" / str(version)))
        self.user_ids = list(user_ids)

    def lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        """Returns the own lists of `people` [n], rows [n, LIST_LENGTH], best first, then -1."""
        return np.concatenate([self._lists(batch, objective) for batch in people_in_batches(people)])

    def stars(self, asked: Histories) -> np.ndarray:
        """Returns the predicted stars for each entry of `asked`, [entries] float32."""
        return self._stars(self._embeddings, asked)

    def order(self, people: np.ndarray, rows: np.ndarray) -> Order:
        """Returns scores and ranks of `rows` [n, c] (-1: padding) for `people` [n] among the whole catalogue."""
        nothing = np.full((len(people), 1), PADDING_ROW, np.int32)
        return asyncio.run(predictions.rank_movies(self._models, self._embeddings[people], nothing, rows))

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

    @cached_property
    def _embeddings(self) -> np.ndarray:
        num_genres = len(self.recommender.catalog.info.genres)
        batches = people_in_batches(np.arange(len(self.user_ids)))
        names = ([self.user_ids[person] for person in batch] for batch in batches)
        embedded = [asyncio.run(predictions.embed_users(self._models, batch, num_genres)) for batch in names]
        return np.concatenate([batch.embedding for batch in embedded])

    def _embed_guests(self, known: Histories) -> np.ndarray:
        num_genres = len(self.recommender.catalog.info.genres)
        embeddings = []
        for guests in people_in_batches(np.arange(len(known))):
            rows, ratings = known.padded(guests)
            inputs = {
                "user_id": np.full(len(guests), b"", object),
                "history_row": rows,
                "history_rating": ratings,
                "genre_rating": np.full((len(guests), num_genres), np.nan, np.float32),
            }
            outputs = asyncio.run(self._models.predict(QUERY_TOWER, SERVING_DEFAULT, inputs))
            embeddings.append(outputs["query_embedding"])
        return np.concatenate(embeddings)

    def _stars(self, embeddings: np.ndarray, asked: Histories) -> np.ndarray:
        stars = [np.zeros(0, np.float32)]
        for people in people_in_batches(np.arange(len(asked))):
            rows, _ = asked.padded(people)
            predicted = asyncio.run(predictions.predict_stars(self._models, embeddings[people], rows))
            stars.append(predicted[rows != PADDING_ROW])
        return np.concatenate(stars)

    def _lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        queries = [PersonQuery(self.user_ids[person], objective, LIST_LENGTH) for person in people]
        lists = np.full((len(people), LIST_LENGTH), PADDING_ROW)
        for line, answer in zip(lists, asyncio.run(self.recommender.recommend(queries)), strict=True):
            line[: len(answer.entries)] = [entry.row for entry in answer.entries]
        return lists
