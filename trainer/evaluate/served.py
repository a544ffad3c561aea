"""Asks a release as the gateway does, in this process: everyone's list, everyone's stars."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import numpy as np

from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels
from server.recommender.queries import Objective, PersonQuery
from server.recommender.recommend import Recommender
from trainer.histories import PADDING_ROW
from trainer.metrics import LIST_LENGTH, people_in_batches

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from trainer.histories import Histories

__all__ = ["Objective", "ServedRelease"]


class ServedRelease:
    """One exported release behind the recommender that serves it."""

    def __init__(self, root: Path, version: int, user_ids: Sequence[str]) -> None:
        """Loads the release; people are then named by their place in `user_ids`."""
        catalog = Catalog.open(root / "catalog" / str(version))
        self._recommender = Recommender(InProcessModels(root, version), catalog)
        self._user_ids = user_ids

    def lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        """Returns the own lists of `people` [n], rows [n, LIST_LENGTH], best first, then -1."""
        return np.concatenate([self._lists(batch, objective) for batch in people_in_batches(people)])

    def stars(self, asked: Histories) -> np.ndarray:
        """Returns the predicted stars for each entry of `asked`, [entries] float32."""
        predicted = np.empty(len(asked.rows), np.float32)
        for people in people_in_batches(np.flatnonzero(asked.lengths)):
            rows, _ = asked.padded(people)
            users = [self._user_ids[person] for person in people]
            stars = asyncio.run(self._recommender.predict_ratings(users, rows))
            entries = [np.arange(asked.offsets[person], asked.offsets[person + 1]) for person in people]
            predicted[np.concatenate(entries)] = stars[rows != PADDING_ROW]
        return predicted

    def _lists(self, people: np.ndarray, objective: Objective) -> np.ndarray:
        queries = [PersonQuery(self._user_ids[person], objective, LIST_LENGTH) for person in people]
        lists = np.full((len(people), LIST_LENGTH), PADDING_ROW)
        for line, answer in zip(lists, asyncio.run(self._recommender.recommend(queries)), strict=True):
            line[: len(answer.entries)] = [entry.row for entry in answer.entries]
        return lists
