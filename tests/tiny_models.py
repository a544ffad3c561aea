"""The three SavedModels of a tiny release, with the frozen signatures and nothing learned."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from tests.tiny_release import GENRES, RATING_MAX, RATING_MIN, UNRATED, TinyRelease
from trainer.release.warmup import write_warmup

Outputs = dict[str, tf.Tensor]


@dataclass
class TinyModel:
    name: str
    module: tf.Module
    signatures: dict[str, Callable[..., Outputs]]

    def save(self, path: Path, *, warmed_up: bool = False) -> None:
        tf.saved_model.save(self.module, str(path), self.signatures)
        if warmed_up:
            write_warmup(path, self.name, {name: _any_inputs(call) for name, call in self.signatures.items()})


def _any_inputs(call: Callable[..., Outputs]) -> dict[str, np.ndarray]:
    return {
        spec.name: tf.zeros([size or 1 for size in spec.shape], spec.dtype).numpy() for spec in call.input_signature
    }


def query_tower(release: TinyRelease) -> TinyModel:
    """Looks embeddings up: the query vector, then a one-hot of the person for the ranking head.

    A history goes before what is stored, what is stored before tastes; see TinyRelease for what they mean.
    """
    module = tf.Module()
    lines = tf.range(len(release.user_ids), dtype=tf.int64)
    initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(release.user_ids), lines)
    stranger = len(release.user_ids)
    module.lines = tf.lookup.StaticHashTable(initializer, stranger)
    of_line = np.roll(np.eye(stranger + 1, dtype=np.float32), release.turn, axis=1)
    module.embeddings = tf.constant(np.hstack([release.query, of_line]))
    candidates = tf.constant(release.candidates)

    def embed(
        user_id: tf.Tensor, history_row: tf.Tensor, history_rating: tf.Tensor, genre_rating: tf.Tensor
    ) -> Outputs:
        line = module.lines.lookup(user_id)
        real, row = _real(history_row, release.num_movies)
        weights = tf.where(real, tf.where(tf.math.is_nan(history_rating), UNRATED, history_rating), 0.0)
        by_history = tf.einsum("nh,nhd->nd", weights, tf.gather(candidates, row))
        stated = tf.where(tf.math.is_nan(genre_rating), 0.0, genre_rating)
        by_taste = tf.matmul(stated, candidates[: len(GENRES)])
        has_history, is_stored = tf.reduce_any(real, axis=1), line < stranger
        has_tastes = tf.reduce_any(~tf.math.is_nan(genre_rating), axis=1)
        strangers = tf.repeat(module.embeddings[stranger:, candidates.shape[1] :], tf.shape(line)[0], axis=0)
        stored = tf.gather(module.embeddings, line)
        known = tf.where((~is_stored & has_tastes)[:, None], tf.concat((by_taste, strangers), 1), stored)
        return {
            "query_embedding": tf.where(has_history[:, None], tf.concat((by_history, strangers), 1), known),
            "known": is_stored | has_history | has_tastes,
        }

    specs = (_spec("user_id", tf.string), _rows("history_row"), _floats("history_rating", None))
    embed = tf.function(embed, input_signature=[*specs, _floats("genre_rating", len(GENRES))])
    return TinyModel("query_tower", module, {"serving_default": embed})


def movie_index(release: TinyRelease) -> TinyModel:
    """Scores every movie; equal scores go by row."""
    candidates = tf.constant(release.candidates)
    query = _floats("query_embedding", release.embedding_dim)

    def score(query_embedding: tf.Tensor, excluded_row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        scores = tf.matmul(query_embedding[:, : candidates.shape[1]], candidates, transpose_b=True)
        excluded = tf.reduce_any(excluded_row[:, :, tf.newaxis] == tf.range(release.num_movies), axis=1)
        return tf.where(excluded, -np.inf, scores), excluded

    @tf.function(input_signature=[query, _rows("excluded_row")])
    def find(query_embedding: tf.Tensor, excluded_row: tf.Tensor) -> Outputs:
        return _best(score(query_embedding, excluded_row)[0], release.k)

    @tf.function(input_signature=[query, _rows("excluded_row"), _rows("movie_row")])
    def rank(query_embedding: tf.Tensor, excluded_row: tf.Tensor, movie_row: tf.Tensor) -> Outputs:
        scores, excluded = score(query_embedding, excluded_row)
        places = tf.argsort(tf.argsort(-scores, stable=True)) + 1
        ranks = tf.where(excluded, 0, places)
        real, row = _real(movie_row, release.num_movies)
        score_of_row = tf.gather(scores, row, batch_dims=1)
        return {
            "score": tf.where(real, score_of_row, np.nan),
            "rank": tf.where(real, tf.gather(ranks, row, batch_dims=1), 0),
        }

    @tf.function(input_signature=[_spec("movie_row", tf.int32)])
    def similar(movie_row: tf.Tensor) -> Outputs:
        directions = tf.math.l2_normalize(candidates, axis=1)
        cosines = tf.matmul(tf.gather(directions, movie_row), directions, transpose_b=True)
        itself = movie_row[:, tf.newaxis] == tf.range(release.num_movies)
        return _best(tf.where(itself, -np.inf, cosines), release.k)

    signatures = {"serving_default": find, "rank_movies": rank, "similar_movies": similar}
    return TinyModel("movie_index", tf.Module(), signatures)


def ranking_head(release: TinyRelease) -> TinyModel:
    """Looks stars up by the one-hot in the embedding."""
    stars = tf.constant(np.roll(release.stars, release.turn, axis=0))

    @tf.function(input_signature=[_floats("query_embedding", release.embedding_dim), _rows("movie_row")])
    def rate(query_embedding: tf.Tensor, movie_row: tf.Tensor) -> Outputs:
        of_person = tf.matmul(query_embedding[:, -stars.shape[0] :], stars)
        real, row = _real(movie_row, release.num_movies)
        rating = tf.clip_by_value(tf.gather(of_person, row, batch_dims=1), RATING_MIN, RATING_MAX)
        return {"rating": tf.where(real, rating, np.nan)}

    return TinyModel("ranking_head", tf.Module(), {"serving_default": rate})


def _best(scores: tf.Tensor, k: int) -> Outputs:
    score, row = tf.math.top_k(scores, k)
    return {"movie_row": tf.where(score > -np.inf, row, -1), "score": score}


def _real(row: tf.Tensor, num_movies: int) -> tuple[tf.Tensor, tf.Tensor]:
    real = (row >= 0) & (row < num_movies)
    return real, tf.where(real, row, 0)


def _spec(name: str, dtype: tf.DType) -> tf.TensorSpec:
    return tf.TensorSpec([None], dtype, name)


def _rows(name: str) -> tf.TensorSpec:
    return tf.TensorSpec([None, None], tf.int32, name)


def _floats(name: str, width: int | None) -> tf.TensorSpec:
    return tf.TensorSpec([None, width], tf.float32, name)
