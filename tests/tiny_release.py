"""Tiny real releases whose every answer is known: vectors of halves, so that TensorFlow's scores are exact."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

GENRES = ("Comedy", "Drama", "War")
RATING_MIN, RATING_MAX = 1.0, 5.0
STRANGER = "nobody knows me"
UNRATED = 3.0  # stars that a movie watched and not rated counts as


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
    forgotten: tuple[str, ...] = ()  # users whom the models know and the catalogue does not
    turn: int = 0  # by so many places lines are turned in what tower and ranking head know people by

    @property
    def known(self) -> dict[str, tuple[int, ...]]:
        """The histories of whom the catalogue knows."""
        histories = zip(self.user_ids, self.histories, strict=True)
        return {user_id: rows for user_id, rows in histories if user_id not in self.forgotten}

    @property
    def num_movies(self) -> int:
        return len(self.candidates)

    @property
    def embedding_dim(self) -> int:
        return self.query.shape[1] + len(self.query)

    def line(self, user_id: str) -> int:
        """The user's line in `query` and `stars`."""
        return self.user_ids.index(user_id) if user_id in self.known else len(self.user_ids)

    def history(self, user_id: str) -> tuple[int, ...]:
        return self.known.get(user_id, ())

    def scores(self, user_id: str) -> np.ndarray:
        return self.candidates @ self.query[self.line(user_id)]

    def scores_by_history(self, stars: dict[int, float]) -> np.ndarray:
        """The scores of whoever gave so many stars (NaN: none) to the movies in some rows."""
        weights = np.nan_to_num(list(stars.values()), nan=UNRATED)
        return self.candidates @ (weights @ self.candidates[list(stars)])

    def scores_by_taste(self, genre_ratings: Sequence[float]) -> np.ndarray:
        """The scores of whoever gives genres so many stars (NaN: no opinion): each genre is as the movie in its row."""
        return self.candidates @ (np.nan_to_num(genre_ratings) @ self.candidates[: len(GENRES)])


def rating_of(row: int) -> float:
    """The stars that everyone who watched it gave the movie in a row."""
    return RATING_MIN + row % 9 / 2


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
    num_movies, known = release.num_movies, release.known
    counts = np.bincount([row for rows in known.values() for row in rows], minlength=num_movies).astype(np.int32)
    means = np.where(counts > 0, [rating_of(row) for row in range(num_movies)], np.nan)
    strings = pa.list_(pa.string())
    movies = {
        "row": pa.array(range(num_movies), pa.int32()),
        "movie_id": [f"m{row}" for row in range(num_movies)],
        "title": [f"Movie {row}" for row in range(num_movies)],
        "year": pa.array([1990 + row for row in range(num_movies)], pa.int32()),
        "genres": pa.array([GENRES[: row % 3] for row in range(num_movies)], strings),
        "rating_count": counts,
        "mean_rating": means.astype(np.float32),
        "alias_ids": pa.array([[f"also-m{row}"][: row % 2] for row in range(num_movies)], strings),
    }
    histories = {
        "user_id": list(known),
        "rows": pa.array(known.values(), pa.list_(pa.int32())),
        "ratings": pa.array([[rating_of(row) for row in rows] for rows in known.values()], pa.list_(pa.float32())),
    }
    flat = pa.array(release.candidates.ravel())
    candidates = {"embedding": pa.FixedSizeListArray.from_arrays(flat, release.candidates.shape[1])}
    orders = {"most_rated": -counts, "highest_rated": -np.nan_to_num(means)}
    popularity = {name: np.argsort(order, kind="stable").astype(np.int32) for name, order in orders.items()}
    _write_arrow(folder / "movies.arrow", movies)
    _write_arrow(folder / "histories.arrow", histories)
    _write_arrow(folder / "candidates.arrow", candidates)
    _write_arrow(folder / "popularity.arrow", popularity)
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
            "num_users": len(release.known),
            "num_movies": release.num_movies,
            "num_ratings": sum(map(len, release.known.values())),
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


def write_models(root: Path, version: int, release: TinyRelease, *, warmed_up: bool = False) -> None:
    """Writes the three SavedModels with the frozen signatures and, where wanted, warm-up requests."""
    # Imported here: most of those who import this module never write a model, and TensorFlow takes seconds.
    from tests.tiny_models import movie_index, query_tower, ranking_head

    for model in (query_tower(release), movie_index(release), ranking_head(release)):
        hidden = root / model.name / f".{version}"  # a model server that looks meanwhile would find half a model
        model.save(hidden, warmed_up=warmed_up)
        hidden.rename(root / model.name / str(version))


def oracle(release: TinyRelease, first: str, second: str, weight: Fraction, liking: bool = False) -> list[int]:
    """The whole list by exhaustive ranking of two who are known by their ids: the rows in order."""
    watched = {*release.history(first), *release.history(second)}
    people = [(release.scores(user_id), release.stars[release.line(user_id)]) for user_id in (first, second)]
    rows = [row for row in range(release.num_movies) if row not in watched]
    return fused(release, [ranks(release, person, rows, liking) for person in people], weight)


def fused(release: TinyRelease, of_people: Sequence[dict[int, int]], weight: Fraction) -> list[int]:
    """The rows that are among the k best of either of two, by rank fusion, straight from the definition."""
    first, second = of_people
    score = {row: weight / (10 + first[row]) + (1 - weight) / (10 + second[row]) for row in first}
    candidates = [row for row in first if min(first[row], second[row]) <= release.k]
    return sorted(candidates, key=lambda row: (-score[row], row))


def ranks(
    release: TinyRelease, person: tuple[np.ndarray, np.ndarray], rows: Collection[int], liking: bool
) -> dict[int, int]:
    """The rank of each of the rows that a list may hold, by a person's scores and stars, `[movies]` each."""
    scores, stars = (of_movie.astype(float) for of_movie in person)
    order = sorted(rows, key=lambda row: (-scores[row], row))
    if liking:
        own = order[: release.k]
        share = release.like_star_share
        mixture = (1 - share) * _standardised(scores[own]) + share * _standardised(stars[own])
        order[: release.k] = [own[i] for i in sorted(range(len(own)), key=lambda i: (-mixture[i], own[i]))]
    return {row: rank for rank, row in enumerate(order, start=1)}


def _standardised(values: np.ndarray) -> np.ndarray:
    spread = values.std() if len(values) else 0
    return (values - values.mean()) / spread if spread > 1e-9 else np.zeros(len(values))
