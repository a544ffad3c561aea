"""Towers of content, as in notebook E: a person as mean stars a genre, a movie as its year, mean stars and genres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.rating.blend import damped_means
from trainer.rating.features import genre_flags
from trainer.release.tastes import mean_genre_ratings, usual_stars
from trainer.towers.id_towers import shuffled_batches
from trainer.towers.layers import Layers

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset
    from trainer.histories import Histories


@dataclass(frozen=True)
class ContentSettings:
    """What towers of content are, and how they learn; see notebook E."""

    hidden: tuple[int, ...] = (512, 256)
    dim: int = 32
    learning_rate: float = 0.01
    batch_size: int = 32
    epochs: int = 30


class ContentTowers(tfrs.Model):
    """Learns stars, scaled to -1 to 1, as the cosine of a person's and a movie's vector.

    Attributes:
        people: The tower of people, from their features.
        movies: The tower of movies, from theirs.
    """

    def __init__(self, people: np.ndarray, movies: np.ndarray, settings: ContentSettings) -> None:
        """Takes features of people [n, g] and of movies [m, f]."""
        super().__init__()
        self.people, self.movies = _tower(settings), _tower(settings)
        self._features = tf.constant(people, tf.float32), tf.constant(movies, tf.float32)
        self._task = tfrs.tasks.Ranking(loss=tf.keras.losses.MeanSquaredError())

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:  # noqa: ARG002 - TFRS's
        """Returns the mean squared error of `rating`, scaled to -1 to 1."""
        people, movies = self._features
        of_person = tf.math.l2_normalize(self.people(tf.gather(people, inputs["user"])), axis=1)
        of_movie = tf.math.l2_normalize(self.movies(tf.gather(movies, inputs["row"])), axis=1)
        cosine = tf.reduce_sum(of_person * of_movie, axis=1, keepdims=True)
        return self._task(labels=inputs["rating"][:, tf.newaxis], predictions=cosine)


class PersonTower(tf.Module):
    """The tower of people as it is served: by the mean stars a genre of their history."""

    def __init__(self, tower: Layers, flags: np.ndarray, scaling: tuple[np.ndarray, np.ndarray]) -> None:
        """Takes the flags of the movies' genres [m, g], and mean and spread of people's stars a genre, [g] each."""
        super().__init__()
        self._tower = tower
        self._flags = tf.Variable(flags, trainable=False)
        self._usual, self._spread = (tf.constant(part, tf.float32) for part in scaling)

    def _by_stars(self, genre_rating: tf.Tensor) -> tf.Tensor:
        """Returns unit vectors [n, d] of mean stars a genre [n, g]; what is NaN is taken for usual."""
        scaled = (genre_rating - self._usual) / self._spread
        return tf.math.l2_normalize(self._tower(tf.where(tf.math.is_nan(scaled), 0.0, scaled)), axis=1)

    def encode(self, rows: tf.Tensor, ratings: tf.Tensor) -> tf.Tensor:
        """Returns unit vectors [n, d] of rows [n, h] (out of range: padding) and stars [n, h] (NaN: not rated)."""
        is_rated = (rows >= 0) & (rows < self._flags.shape[0]) & ~tf.math.is_nan(ratings)
        flags = tf.gather(self._flags, tf.where(is_rated, rows, 0))
        count = tf.einsum("nh,nhg->ng", tf.cast(is_rated, tf.float32), flags)
        total = tf.einsum("nh,nhg->ng", tf.where(is_rated, ratings, 0.0), flags)
        return self._by_stars(tf.where(count > 0, total / tf.maximum(count, 1.0), np.nan))


def fit_content_towers(
    dataset: Dataset, histories: Histories, settings: ContentSettings, seed: int
) -> tuple[PersonTower, np.ndarray]:
    """Returns the tower of people and the vectors of the movies [m, d]; all features are of `histories` alone."""
    flags = genre_flags(dataset)
    stars = mean_genre_ratings(histories, flags)
    usual = usual_stars(stars, histories)
    spread = _spread(np.nan_to_num(stars - usual))
    people, movies = np.nan_to_num((stars - usual) / spread), _movie_features(dataset, histories, flags)
    middle, half = (dataset.rating_max + dataset.rating_min) / 2, (dataset.rating_max - dataset.rating_min) / 2
    tf.keras.utils.set_random_seed(seed)
    model = ContentTowers(people, movies, settings)
    # Many small steps: without so many a call, the calls take longer than the steps.
    model.compile(optimizer=tf.keras.optimizers.Adam(settings.learning_rate), steps_per_execution=64)
    batches = shuffled_batches(dataset, settings.batch_size, seed)
    scaled = batches.map(lambda batch: batch | {"rating": (batch["rating"] - middle) / half})
    model.fit(scaled, epochs=settings.epochs, verbose=0)
    vectors = tf.math.l2_normalize(Layers(model.movies)(tf.constant(movies, tf.float32)), axis=1).numpy()
    return PersonTower(Layers(model.people), flags, (usual, spread)), vectors


def _movie_features(dataset: Dataset, histories: Histories, flags: np.ndarray) -> np.ndarray:
    """Returns [m, 2 + g], each of mean 0 and spread 1: year (unknown: the average), mean stars, genres."""
    years = np.array([movie.year or np.nan for movie in dataset.movies], float)
    known = years[~np.isnan(years)]
    filled = np.nan_to_num(years, nan=known.mean() if len(known) else 0.0)
    features = np.column_stack((filled, damped_means(histories, len(years)), flags))
    return (features - features.mean(axis=0)) / _spread(features)


def _spread(values: np.ndarray) -> np.ndarray:
    """Returns the standard deviation of each column, 1 where all are alike."""
    deviation = values.std(axis=0)
    return np.where(deviation > 1e-9, deviation, 1.0)


def _tower(settings: ContentSettings) -> tf.keras.Sequential:
    hidden = [tf.keras.layers.Dense(size, activation="relu") for size in settings.hidden]
    return tf.keras.Sequential([*hidden, tf.keras.layers.Dense(settings.dim)])
