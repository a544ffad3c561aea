"""Tiny real releases whose every answer is known: whole-number vectors, so that TensorFlow's scores are exact."""

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

GENRES = ("Comedy", "Drama", "War")
RATING_MIN, RATING_MAX = 1.0, 5.0
STRANGER = "nobody knows me"


@dataclass(frozen=True)
class TinyRelease:
    """What a release knows; user i has `user_ids[i]`, the line after the last user is the stranger's."""

    user_ids: tuple[str, ...]  # in byte order
    histories: tuple[tuple[int, ...], ...]  # [users], rows
    query: np.ndarray  # [users + 1, d]
    candidates: np.ndarray  # [movies, d]
    stars: np.ndarray  # [users + 1, movies]
    k: int = 6
    like_star_share: float = 0.3

    @property
    def num_movies(self) -> int:
        return len(self.candidates)

    @property
    def embedding_dim(self) -> int:
        return self.query.shape[1] + len(self.query)

    def line(self, user_id: str) -> int:
        """The user's line in `query` and `stars`."""
        return self.user_ids.index(user_id) if user_id in self.user_ids else len(self.user_ids)

    def history(self, user_id: str) -> tuple[int, ...]:
        return self.histories[self.line(user_id)] if user_id in self.user_ids else ()

    def scores(self, user_id: str) -> np.ndarray:
        return self.candidates @ self.query[self.line(user_id)]


def random_release(seed: int = 0, num_users: int = 6, num_movies: int = 40, **changes: Any) -> TinyRelease:
    """A release of random people; many scores are equal, so ties matter."""
    random = np.random.default_rng(seed)
    rows = np.arange(num_movies)
    release = TinyRelease(
        user_ids=tuple(sorted([*map(str, range(1, num_users)), "zoë"])),
        histories=tuple(
            tuple(random.choice(rows, size, replace=False).tolist()) for size in random.integers(1, 9, num_users)
        ),
        query=random.integers(-3, 4, (num_users + 1, 4)).astype(np.float32),
        candidates=random.integers(-3, 4, (num_movies, 4)).astype(np.float32),
        stars=random.uniform(RATING_MIN, RATING_MAX, (num_users + 1, num_movies)).astype(np.float32),
    )
    return replace(release, **changes)


def write_release(root: Path, version: int, release: TinyRelease) -> None:
    """Writes the models, then the catalogue under a temporary name, then renames it, as the trainer does."""
    write_models(root, version, release)
    hidden = root / "catalog" / f".{version}"
    write_catalog(hidden, version, release)
    hidden.rename(root / "catalog" / str(version))


def write_catalog(folder: Path, version: int, release: TinyRelease) -> None:
    folder.mkdir(parents=True)
    num_movies = release.num_movies
    counts = np.bincount([row for rows in release.histories for row in rows], minlength=num_movies).astype(np.int32)
    movies = {
        "row": pa.array(range(num_movies), pa.int32()),
        "movie_id": [f"m{row}" for row in range(num_movies)],
        "title": [f"Movie {row}" for row in range(num_movies)],
        "year": pa.array([1990 + row for row in range(num_movies)], pa.int32()),
        "genres": pa.array([GENRES[: row % 3] for row in range(num_movies)], pa.list_(pa.string())),
        "rating_count": counts,
        "mean_rating": np.where(counts > 0, 3.5, np.nan).astype(np.float32),
        "alias_ids": pa.array([[] for _ in range(num_movies)], pa.list_(pa.string())),
    }
    histories = {
        "user_id": list(release.user_ids),
        "rows": pa.array(release.histories, pa.list_(pa.int32())),
        "ratings": pa.array([[3.5] * len(rows) for rows in release.histories], pa.list_(pa.float32())),
    }
    flat = pa.array(release.candidates.ravel())
    candidates = {"embedding": pa.FixedSizeListArray.from_arrays(flat, release.candidates.shape[1])}
    popular = np.argsort(-counts, kind="stable").astype(np.int32)
    _write_arrow(folder / "movies.arrow", movies)
    _write_arrow(folder / "histories.arrow", histories)
    _write_arrow(folder / "candidates.arrow", candidates)
    _write_arrow(folder / "popularity.arrow", {"most_rated": popular, "highest_rated": popular})
    (folder / "release.json").write_text(json.dumps(_document(version, release)))


def _write_arrow(path: Path, columns: dict[str, Any]) -> None:
    batch = pa.record_batch(columns)
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)


def _document(version: int, release: TinyRelease) -> dict[str, Any]:
    return {
        "format": 1,
        "version": version,
        "created": "2026-11-21T12:00:00+00:00",
        "data": {
            "name": "tiny",
            "fingerprint": "ab" * 32,
            "license": "Free to use in tests.",
            "num_users": len(release.user_ids),
            "num_movies": release.num_movies,
            "num_ratings": sum(map(len, release.histories)),
        },
        "seed": 0,
        "versions": {"python": "3.11"},
        "config": {},
        "genres": list(GENRES),
        "rating_min": RATING_MIN,
        "rating_max": RATING_MAX,
        "candidates": release.k,
        "embedding_dim": release.embedding_dim,
        "like_star_share": release.like_star_share,
        "metrics": [{"system": "popularity", "served": False, "values": {"ndcg_at_10": 0.25}}],
    }


def write_models(root: Path, version: int, release: TinyRelease) -> None:
    """Writes the three SavedModels with the frozen signatures."""
    # Imported here: most of those who import this module never write a model, and TensorFlow takes seconds.
    from tests.tiny_models import movie_index, query_tower, ranking_head

    for model in (query_tower(release), movie_index(release), ranking_head(release)):
        model.save(root / model.name / str(version))


def oracle(release: TinyRelease, first: str, second: str, weight: Fraction, liking: bool = False) -> list[int]:
    """The whole pair list by exhaustive ranking: the rows in order, straight from the definitions."""
    watched = {*release.history(first), *release.history(second)}
    rows = [row for row in range(release.num_movies) if row not in watched]
    ranks = [_ranks(release, user_id, rows, liking) for user_id in (first, second)]
    candidates = {row for of_person in ranks for row in rows if of_person[row] <= release.k}

    def pair_score(row: int) -> Fraction:
        return weight / (10 + ranks[0][row]) + (1 - weight) / (10 + ranks[1][row])

    return sorted(candidates, key=lambda row: (-pair_score(row), row))


def _ranks(release: TinyRelease, user_id: str, rows: list[int], liking: bool) -> dict[int, int]:
    scores = release.scores(user_id)
    order = sorted(rows, key=lambda row: (-scores[row], row))
    if liking:
        own = order[: release.k]
        stars = release.stars[release.line(user_id)].astype(float)
        share = release.like_star_share
        mixture = (1 - share) * _standardised(scores[own].astype(float)) + share * _standardised(stars[own])
        order[: release.k] = [own[i] for i in sorted(range(len(own)), key=lambda i: (-mixture[i], own[i]))]
    return {row: rank for rank, row in enumerate(order, start=1)}


def _standardised(values: np.ndarray) -> np.ndarray:
    spread = values.std() if len(values) else 0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))
