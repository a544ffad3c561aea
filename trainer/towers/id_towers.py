"""Towers of ids: an embedding for every person and every movie, as in notebooks A to D."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.fit import scale_of

if TYPE_CHECKING:
    from trainer.data.dataset import Dataset


@dataclass(frozen=True)
class IdTowerSettings:
    """What towers of ids are, and how they learn.

    Attributes:
        rating_weight: Of the rating task in the loss; 0: the head does not learn.
        retrieval_weight: Of the retrieval task in the loss; 0: embeddings learn from stars alone.
        dim: Size of the embeddings.
        hidden: Sizes of the rating head's hidden layers.
        learning_rate: Of Adagrad.
        batch_size: Ratings a step; in the retrieval task, each movie is told from all others of its batch.
        epochs: Passes over the ratings.
    """

    rating_weight: float
    retrieval_weight: float
    dim: int = 32
    hidden: tuple[int, ...] = (256, 128)
    learning_rate: float = 0.1
    batch_size: int = 8192
    epochs: int = 3


class IdTowers(tfrs.Model):
    """Learns who rates what (retrieval) and how many stars they give (rating), by weight."""

    def __init__(self, num_people: int, num_movies: int, settings: IdTowerSettings) -> None:
        """Starts from small random embeddings."""
        super().__init__()
        self.people = tf.keras.layers.Embedding(num_people, settings.dim)
        self.movies = tf.keras.layers.Embedding(num_movies, settings.dim)
        hidden = [tf.keras.layers.Dense(size, activation="relu") for size in settings.hidden]
        self.head = tf.keras.Sequential([*hidden, tf.keras.layers.Dense(1)])
        self._rating_task = tfrs.tasks.Ranking(loss=tf.keras.losses.MeanSquaredError())
        self._retrieval_task = tfrs.tasks.Retrieval()
        self._weights = settings.rating_weight, settings.retrieval_weight

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:  # noqa: ARG002 - TFRS's
        """Returns the weighted sum of the mean squared error in stars and the in-batch softmax of the movies."""
        people, movies = self.people(inputs["user"]), self.movies(inputs["row"])
        stars = self.head(tf.concat((people, movies), axis=1))
        rating_weight, retrieval_weight = self._weights
        loss = rating_weight * self._rating_task(labels=inputs["rating"], predictions=stars)
        if retrieval_weight:
            loss += retrieval_weight * self._retrieval_task(people, movies)
        return loss


def fit_id_towers(dataset: Dataset, settings: IdTowerSettings, seed: int) -> IdTowers:
    """Returns towers trained on every interaction of `dataset`, repeated ones included; their stars are from 1 to 5."""
    tf.keras.utils.set_random_seed(seed)
    model = IdTowers(len(dataset.user_ids), len(dataset.movies), settings)
    model.compile(optimizer=tf.keras.optimizers.Adagrad(settings.learning_rate))
    of_five = replace(dataset, rating=scale_of(dataset).of_five(dataset.rating))
    model.fit(shuffled_batches(of_five, settings.batch_size, seed), epochs=settings.epochs, verbose=0)
    return model


def shuffled_batches(dataset: Dataset, batch_size: int, seed: int) -> tf.data.Dataset:
    """Returns the interactions as batches of `user`, `row` and `rating`, shuffled once."""
    order = np.random.default_rng(seed).permutation(len(dataset.rating))
    columns = {"user": dataset.user, "row": dataset.row, "rating": dataset.rating}
    in_order = {name: column[order] for name, column in columns.items()}
    return tf.data.Dataset.from_tensor_slices(in_order).batch(batch_size)
