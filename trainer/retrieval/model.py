"""The retrieval model: TFRS fine-tuning of candidates whose query tower solves for the person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
import tensorflow_recommenders as tfrs

from trainer.histories import PADDING_ROW
from trainer.retrieval.ridge import Ridge, gram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trainer.histories import Histories


@dataclass(frozen=True)
class FineTuning:
    """How candidates are fine-tuned.

    Attributes:
        max_epochs: Passes over all people; fewer are kept where validation prefers it.
        budget_seconds: When settings are chosen, no further pass is begun after so long.
        learning_rate: Of Adam.
        history_dropout: Share of each history hidden from the query tower in training.
        temperature: Starting value of the learned factor between scores and logits.
        batch_size: People a step.
    """

    max_epochs: int = 6
    budget_seconds: float = 120.0
    learning_rate: float = 1e-3
    history_dropout: float = 0.5
    temperature: float = 8.0
    batch_size: int = 100


class RetrievalModel(tfrs.Model):
    """Scores every movie of the catalogue for people given by their histories.

    The query tower has no weights of its own: it solves for the person against the candidates, so training moves
    the candidates only, and a guest is encoded as a stored user is.
    """

    def __init__(self, candidates: np.ndarray, ridge: Ridge, tuning: FineTuning) -> None:
        """Starts from candidate embeddings [m, d] float32."""
        super().__init__()
        self.candidates = tf.Variable(candidates, name="candidates")
        self._temperature = tf.Variable(tuning.temperature, name="temperature")
        self._ridge, self._dropout = ridge, tuning.history_dropout

    def call(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns query embeddings [n, d] of `rows` [n, h] int32 and `ratings` [n, h] float32."""
        rows = inputs["rows"]
        if training:
            rows = tf.where(tf.random.uniform(tf.shape(rows)) < self._dropout, PADDING_ROW, rows)
        return self._ridge.encode(self.candidates, gram(self.candidates), rows, inputs["ratings"])

    def compute_loss(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Returns the cross-entropy of the whole histories under a softmax over the catalogue.

        Source: multinomial likelihood of Liang et al., "Variational Autoencoders for Collaborative Filtering", 2018.
        """
        queries = self(inputs, training=training)
        logits = self._temperature * tf.matmul(queries, self.candidates, transpose_b=True)
        is_movie = inputs["rows"] >= 0
        log_shares = tf.gather(tf.nn.log_softmax(logits), tf.where(is_movie, inputs["rows"], 0), batch_dims=1)
        weights = tf.where(is_movie, self._ridge.targets(inputs["ratings"]), 0.0)
        return -tf.reduce_mean(tf.reduce_sum(weights * log_shares, axis=1))


def fine_tune(model: RetrievalModel, histories: Histories, tuning: FineTuning, seed: int) -> Iterator[np.ndarray]:
    """Trains `model` and yields its candidates [m, d] float32 after each epoch, for as long as they are asked for."""
    tf.keras.utils.set_random_seed(seed)
    model.compile(optimizer=tf.keras.optimizers.Adam(tuning.learning_rate))
    people = np.flatnonzero(histories.lengths)
    generator = np.random.default_rng(seed)
    for _ in range(tuning.max_epochs):
        model.fit(_batches(histories, generator.permutation(people), tuning.batch_size), epochs=1, verbose=0)
        yield model.candidates.numpy()


def _batches(histories: Histories, people: np.ndarray, batch_size: int) -> tf.data.Dataset:
    def padded() -> Iterator[dict[str, np.ndarray]]:
        for start in range(0, len(people), batch_size):
            rows, ratings = histories.padded(people[start : start + batch_size])
            yield {"rows": rows, "ratings": ratings}

    cells = {
        "rows": tf.TensorSpec([None, None], tf.int32),
        "ratings": tf.TensorSpec([None, None], tf.float32),
    }
    return tf.data.Dataset.from_generator(padded, output_signature=cells)
