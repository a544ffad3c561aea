"""Writes the catalogue of a release: what the gateway needs and TensorFlow Serving does not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from trainer.release.publish import replace_file

if TYPE_CHECKING:
    from collections.abc import Callable
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
    _write_info(folder / "release.json", info)


def remove_people(folder: Path, chosen: Callable[[list[str]], np.ndarray]) -> int:
    """Takes people out of the histories of a catalogue that may be served meanwhile; returns how many ratings went.

    `release.json` comes last: when it changes, gateways look at the catalogue again. Where this was stopped on the
    way, doing it again ends it; until then a gateway that starts refuses the catalogue.

    Args:
        folder: The catalogue of one release.
        chosen: Given [n] user ids, says who has to go, [n] bool.

    Raises:
        OSError, ValueError, KeyError, TypeError: Nobody would be left, or the catalogue is broken or cannot be written.
    """
    path, info_path = folder / "histories.arrow", folder / "release.json"
    info = json.loads(info_path.read_text(encoding="utf-8"))
    before = pa.ipc.open_file(pa.memory_map(str(path))).get_batch(0)
    before.validate(full=True)
    left = before.filter(pa.array(~chosen(before["user_id"].to_pylist())))
    if not left.num_rows:
        raise ValueError(f"{path} knows nobody else")
    if left.num_rows < before.num_rows:
        replace_file(path, lambda partial: _write(partial, left))
    counts = {"num_users": left.num_rows, "num_ratings": len(left["rows"].flatten())}
    if info["data"] != info["data"] | counts:
        info["data"] |= counts
        replace_file(info_path, lambda partial: _write_info(partial, info))
    return len(before["rows"].flatten()) - counts["num_ratings"]


def _write_info(path: Path, info: dict[str, Any]) -> None:
    text = json.dumps(info, indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


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
