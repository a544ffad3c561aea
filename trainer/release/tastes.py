"""Places people who only say how they like genres: what such tastes mean among people whose histories are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf
from scipy import sparse

if TYPE_CHECKING:
    from trainer.histories import Histories
    from trainer.retrieval.ridge import RatingScale

# Ridge penalty of the learned map, in squared stars of 1 to 5: a few people's worth of deviations.
PENALTY = 100.0
# How far a star of 1 to 5 leans towards a genre, in spreads of a person's scores, and the ridge penalty of that
# direction, in mean squares of the candidates. Source: docs/decisions.md, slices of P1's train rows.
LEAN = 2.0
DIRECTION_PENALTY = 0.03


@dataclass(frozen=True)
class TasteMap:
    """A person by tastes is `base + deviations @ learned + share x mean over stated genres of deviations @ towards`.

    Deviations are stars a genre above the usual, 0 where nothing is said. The learned part is what deviations go with
    in histories, where most genres are rated. The second part leans towards the genres themselves: someone who names
    two genres means just those, someone who names them all gives a profile. The share falls with each further genre,
    from 1 for a single one to 1 / g for all.

    Attributes:
        usual: [g] float32 stars that people give each genre on average.
        base: [e] float32 embedding of someone of usual tastes.
        learned: [g, e] float32.
        towards: [g, e] float32 the direction that brings up a genre; 0 but in the retrieval part.
    """

    usual: np.ndarray
    base: np.ndarray
    learned: np.ndarray
    towards: np.ndarray

    @property
    def num_genres(self) -> int:
        """How many genres there are."""
        return len(self.usual)

    def encode(self, genre_rating: tf.Tensor) -> tf.Tensor:
        """Returns query embeddings [n, e] of stars a genre [n, g]; NaN: no opinion."""
        is_stated = ~tf.math.is_nan(genre_rating)
        deviation = tf.where(is_stated, genre_rating - self.usual, 0.0)
        stated = tf.reduce_sum(tf.cast(is_stated, tf.float32), axis=1, keepdims=True)
        share = 1.0 - (stated - 1.0) / max(1, self.num_genres)
        towards = tf.matmul(tf.math.divide_no_nan(share * deviation, stated), self.towards)
        return self.base + tf.matmul(deviation, self.learned) + towards


def fit_tastes(
    histories: Histories, embeddings: np.ndarray, candidates: np.ndarray, genre_flags: np.ndarray, scale: RatingScale
) -> TasteMap:
    """Fits the map to known people.

    Args:
        histories: Of n people.
        embeddings: [n, e] their query embeddings, of which the first d are the retrieval part.
        candidates: [m, d] candidate embeddings.
        genre_flags: [m, g] float32, 1 where a movie is of a genre.
        scale: Of the stars, in whose unit the map is.
    """
    stated = mean_genre_ratings(histories, genre_flags)
    usual = usual_stars(stated, histories)
    deviations = np.nan_to_num(stated - usual)
    base = embeddings.mean(axis=0)
    normal = deviations.T @ deviations + PENALTY * scale.star**2 * np.eye(len(usual))
    learned = np.linalg.solve(normal, deviations.T @ (embeddings - base))
    towards = np.zeros((len(usual), embeddings.shape[1]))
    people = embeddings[:, : candidates.shape[1]]
    directions = _directions(np.sqrt(histories.counts(len(candidates))), candidates, genre_flags)
    towards[:, : candidates.shape[1]] = LEAN / scale.star * _spread(people, candidates) * directions
    return TasteMap(*(part.astype(np.float32) for part in (usual, base, learned, towards)))


def mean_genre_ratings(histories: Histories, genre_flags: np.ndarray) -> np.ndarray:
    """Returns the mean stars each person gives each genre, [n, g] float32, NaN where they rated none of it."""
    shape = (len(histories), len(genre_flags))
    totals, counts = (
        sparse.csr_matrix((values, histories.rows, histories.offsets), shape) @ genre_flags
        for values in (histories.ratings.astype(float), np.ones(len(histories.rows)))
    )
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan).astype(np.float32)


def usual_stars(stated: np.ndarray, histories: Histories) -> np.ndarray:
    """Returns the mean of `stated` [n, g] over people, [g]; a genre nobody has rated gets the mean of all stars."""
    overall = histories.ratings.mean(dtype=np.float64)
    return np.nanmean(np.vstack((stated, np.where(np.isnan(stated).all(axis=0), overall, np.nan))), axis=0)


def _directions(weights: np.ndarray, candidates: np.ndarray, genre_flags: np.ndarray) -> np.ndarray:
    """Returns [g, d]: by which a genre's movies stand out most, so that they score 1 more than all do on average.

    Ridge regression of the flags on the candidates, by weights [m]. The way to the genre's mean candidate would be
    short for a rare genre, whose movies are little known and so have small embeddings.
    """
    shares = weights / weights.sum()
    centred, flags = candidates - shares @ candidates, genre_flags - shares @ genre_flags
    gram = (centred * shares[:, None]).T @ centred
    penalty = max(DIRECTION_PENALTY * np.trace(gram) / len(gram), np.finfo(np.float32).tiny)
    directions = np.linalg.solve(gram + penalty * np.eye(len(gram)), (centred * shares[:, None]).T @ flags).T
    of_genre = shares[:, None] * genre_flags
    lifts = np.einsum("gd,dg->g", directions, centred.T @ of_genre) / np.maximum(of_genre.sum(axis=0), 1e-12)
    return np.where(lifts > 1e-9, 1.0 / np.maximum(lifts, 1e-9), 0.0)[:, None] * directions


def _spread(people: np.ndarray, candidates: np.ndarray) -> float:
    """Returns the standard deviation of a person's scores, the root of its mean square over people [n, d]."""
    covariance = np.cov(candidates, rowvar=False, bias=True).reshape(candidates.shape[1], -1)
    return float(np.sqrt(np.mean(np.einsum("nd,nd->n", people @ covariance, people))))
