"""A baseline for stars: SVD++, biases and factors with what a person has rated as an implicit sign of their taste."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

if TYPE_CHECKING:
    from trainer.histories import Histories


@dataclass(frozen=True)
class SvdPlusPlusSettings:
    """How the baseline is fitted: found on slices of MovieLens-100K's P1 train part; see `tuning`.

    Attributes:
        dim: Size of the factors.
        epochs: Passes over all people.
        learning_rate: Of Adam, at the start; it falls to nothing along a cosine.
        penalty: L2 on factors and biases, for each rating.
        batch_size: People a step.
    """

    dim: int = 20
    epochs: int = 40
    learning_rate: float = 0.005
    penalty: float = 0.2
    batch_size: int = 24


class SvdPlusPlus(tf.Module):
    """Stars as mean + biases + movie factors times (person factors + mean-like sum of the history's factors).

    Source: Koren, "Factorization Meets the Neighborhood", 2008, section 4.
    """

    def __init__(self, histories: Histories, num_movies: int, settings: SvdPlusPlusSettings, seed: int) -> None:
        """Fits to every entry of `histories`."""
        super().__init__()
        random = tf.random.Generator.from_seed(seed)
        sizes = {"person": len(histories), "movie": num_movies, "implicit": num_movies}
        self._factors = {
            name: tf.Variable(random.normal((size, settings.dim), stddev=0.05)) for name, size in sizes.items()
        }
        self._bias = {name: tf.Variable(tf.zeros(sizes[name])) for name in ("person", "movie")}
        self._mean = float(histories.ratings.mean(dtype=np.float64))
        self._histories, self._settings = histories, settings
        self._fit(seed)

    def predict(self, asked: Histories) -> np.ndarray:
        """Returns the stars each person would give the movies of their list in `asked`, [entries], not clipped."""
        stars = np.empty(len(asked.rows))
        owners = asked.owners
        for people in asked.batches(1 << 16):
            of_batch = np.flatnonzero(np.isin(owners, people))
            rows, _ = asked.padded(np.sort(people))
            seen, _ = self._histories.padded(np.sort(people))
            stars[of_batch] = self._stars(*map(tf.constant, (np.sort(people), seen, rows))).numpy()[rows >= 0]
        return stars

    def _fit(self, seed: int) -> None:
        settings, generator = self._settings, np.random.default_rng(seed)
        people = np.flatnonzero(self._histories.lengths)
        steps = settings.epochs * -(-len(people) // settings.batch_size)
        optimizer = tf.keras.optimizers.Adam(tf.keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps))
        optimizer.build(self.trainable_variables)
        rows = tf.TensorSpec([None, None], tf.int32)
        signature = [tf.TensorSpec([None], tf.int64), rows, tf.TensorSpec([None, None], tf.float32)]
        step = tf.function(lambda *batch: self._step(optimizer, *batch), input_signature=signature)
        for _ in range(settings.epochs):
            shuffled = generator.permutation(people)
            for start in range(0, len(people), settings.batch_size):
                batch = shuffled[start : start + settings.batch_size]
                step(batch, *self._histories.padded(batch))

    def _step(
        self, optimizer: tf.keras.optimizers.Optimizer, people: tf.Tensor, rows: tf.Tensor, ratings: tf.Tensor
    ) -> None:
        rated = tf.cast(rows >= 0, tf.float32)
        with tf.GradientTape() as tape:
            error = (self._stars(people, rows, rows) - tf.where(rows >= 0, ratings, 0.0)) * rated
            penalty = self._settings.penalty * self._sizes(people, rows, rated)
            loss = (tf.reduce_sum(error**2) + penalty) / tf.reduce_sum(rated)
        variables = self.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    def _sizes(self, people: tf.Tensor, rows: tf.Tensor, rated: tf.Tensor) -> tf.Tensor:
        """Returns the summed squares of what takes part in each rating, once for each rating."""
        rows = tf.maximum(rows, 0)
        of_movie = sum(
            tf.reduce_sum(tf.gather(self._factors[name], rows) ** 2, axis=2) for name in ("movie", "implicit")
        )
        of_movie += tf.gather(self._bias["movie"], rows) ** 2
        of_person = tf.reduce_sum(tf.gather(self._factors["person"], people) ** 2, axis=1)
        of_person += tf.gather(self._bias["person"], people) ** 2
        return tf.reduce_sum((of_movie + of_person[:, None]) * rated)

    def _stars(self, people: tf.Tensor, seen: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """Returns [n, h]: stars of `people` [n], whose histories are `seen`, for the movies in `rows` [n, h]."""
        watched = tf.cast(seen >= 0, tf.float32)
        implicit = tf.gather(self._factors["implicit"], tf.maximum(seen, 0)) * watched[..., None]
        damped = tf.sqrt(tf.maximum(tf.reduce_sum(watched, axis=1, keepdims=True), 1.0))
        taste = tf.gather(self._factors["person"], people) + tf.reduce_sum(implicit, axis=1) / damped
        rows = tf.maximum(rows, 0)
        dot = tf.linalg.matvec(tf.gather(self._factors["movie"], rows), taste)
        return (
            self._mean + tf.gather(self._bias["person"], people)[:, None] + tf.gather(self._bias["movie"], rows) + dot
        )
