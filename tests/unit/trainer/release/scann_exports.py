"""The same movies behind both indexes: 1,200 at random, nothing trained."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from server.saved_model import SavedModel
from trainer.release.movie_index import MovieIndex
from trainer.release.scann_index import ScannIndex

# isort: split
import tensorflow as tf

NUM_MOVIES, K, DIM = 1_200, 20, 12
# Movies have 8 directions and a popularity, of which many are equal; people have 3 numbers more, for another model.
POPULARITY = 8


@dataclass(frozen=True)
class Index:
    """An index as a model server runs it."""

    model: SavedModel

    def search(self, query, excluded):
        return self.ask("serving_default", query_embedding=query, excluded_row=excluded)

    def rank(self, query, excluded, rows):
        return self.ask("rank_movies", query_embedding=query, excluded_row=excluded, movie_row=rows)

    def ask(self, signature, **inputs):
        typed = {name: np.asarray(value, np.int32 if "row" in name else np.float32) for name, value in inputs.items()}
        return self.model.predict(signature, typed)


def eighths(values):
    """Rounds, so that scores are exact in float32, however they are added up, and many are equal."""
    return np.round(values * 8) / 8


def candidates():
    random = np.random.default_rng(7)
    popularity = random.integers(0, 5, NUM_MOVIES) / 4
    return np.column_stack((eighths(random.normal(size=(NUM_MOVIES, POPULARITY))), popularity)).astype(np.float32)


def people(count):
    """People with histories: popularity is no part of them."""
    query = eighths(np.random.default_rng(8).normal(size=(count, DIM))).astype(np.float32)
    query[:, POPULARITY] = 0
    return query


def save(index, folder: Path) -> Path:
    signatures = {
        "serving_default": index.search,
        "rank_movies": index.rank_movies,
        "similar_movies": index.similar_movies,
    }
    options = tf.saved_model.SaveOptions(namespace_whitelist=["Scann"])
    tf.saved_model.save(index, str(folder), signatures, options)
    return folder


def save_scann(folder: Path, movies: np.ndarray) -> Path:
    return save(ScannIndex(movies, K, DIM), folder)


def save_exact(folder: Path, movies: np.ndarray) -> Path:
    return save(MovieIndex(movies, K, DIM), folder)
