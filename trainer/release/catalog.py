"""Writes the catalogue of a release: what the gateway needs and TensorFlow Serving does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from pathlib import Path

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories

# Ratings of the average kind that every movie is given before it is compared with others by its mean.
MEAN_DAMPING = 10.0


def write_catalog(
    folder: Path, dataset: Dataset, histories: Histories, candidates: np.ndarray, info: dict[str, Any]
) -> None:
    """Writes movies, histories, candidate embeddings and popularity lists as Arrow IPC, and `info` as release.json."""
    counts = histories.counts(len(dataset.movies))
    totals = np.bincount(histories.rows, histories.ratings, minlength=len(dataset.movies))
    _write(folder / "movies.arrow", _movies(dataset, counts, totals))
    _write(folder / "histories.arrow", _histories(dataset, histories))
    flat = pa.array(np.ascontiguousarray(candidates, np.float32).ravel())
    embeddings = pa.FixedSizeListArray.from_arrays(flat, candidates.shape[1])
    _write(folder / "candidates.arrow", pa.record_batch({"embedding": embeddings}))
    _write(folder / "popularity.arrow", _popularity(counts, totals))
    text = json.dumps(info, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "release.json").write_text(text + "\n", encoding="utf-8")


def _write(path: Path, batch: pa.RecordBatch) -> None:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def _movies(dataset: Dataset, counts: np.ndarray, totals: np.ndarray) -> pa.RecordBatch:
    means = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    strings = pa.list_(pa.string())
    return pa.record_batch(
        {
            "row": pa.array(range(len(dataset.movies)), pa.int32()),
            "movie_id": pa.array([movie.movie_id for movie in dataset.movies], pa.string()),
            "title": pa.array([movie.title for movie in dataset.movies], pa.string()),
            "year": pa.array([movie.year for movie in dataset.movies], pa.int32()),
            "genres": pa.array([movie.genres for movie in dataset.movies], strings),
            "rating_count": pa.array(counts, pa.int32()),
            "mean_rating": pa.array(means, pa.float32()),
            "alias_ids": pa.array([movie.alias_ids for movie in dataset.movies], strings),
        }
    )


def _histories(dataset: Dataset, histories: Histories) -> pa.RecordBatch:
    user_ids = [str(user_id) for user_id in dataset.user_ids]
    order = np.array(sorted(range(len(user_ids)), key=lambda user: user_ids[user].encode()), np.int64)
    offsets = pa.array(histories.offsets, pa.int32())
    rows = pa.ListArray.from_arrays(offsets, pa.array(histories.rows, pa.int32()))
    ratings = pa.ListArray.from_arrays(offsets, pa.array(histories.ratings, pa.float32()))
    unsorted = pa.record_batch({"user_id": pa.array(user_ids, pa.string()), "rows": rows, "ratings": ratings})
    return unsorted.take(pa.array(order))


def _popularity(counts: np.ndarray, totals: np.ndarray) -> pa.RecordBatch:
    mean = totals.sum() / max(1, counts.sum())
    damped = (totals + MEAN_DAMPING * mean) / (counts + MEAN_DAMPING)
    return pa.record_batch(
        {
            "most_rated": pa.array(np.argsort(-counts, kind="stable"), pa.int32()),
            "highest_rated": pa.array(np.argsort(-damped, kind="stable"), pa.int32()),
        }
    )
