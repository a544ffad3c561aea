"""Fits both models to one set of interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from trainer.rating.fold_in import RatingEncoder
from trainer.rating.gibbs import GibbsSampler, GibbsSettings
from trainer.release.query_tower import HistoryEncoder
from trainer.retrieval.alternating import fit_candidates
from trainer.retrieval.model import FineTuning, RetrievalModel, fine_tune
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories


@dataclass(frozen=True)
class FitSettings:
    """Everything that is set before fitting.

    Attributes:
        ridge: How a history becomes an embedding.
        sweeps: Sweeps of the closed-form start.
        tuning: How candidates are fine-tuned.
        gibbs: How the rating model is sampled.
        rating_dim: Size of the rating part of a query embedding.
        seed: Of everything random.
    """

    ridge: RidgeSettings = field(default_factory=RidgeSettings)
    sweeps: int = 8
    tuning: FineTuning = field(default_factory=FineTuning)
    gibbs: GibbsSettings = field(default_factory=GibbsSettings)
    rating_dim: int = 48
    seed: int = 37


@dataclass(frozen=True)
class FittedModels:
    """Both models, fitted to `dataset`.

    Attributes:
        dataset: The interactions fitted to.
        histories: The same, by person.
        candidates: [m, d] float32.
        rating: The rating model, compressed.
        encoder: Both, as histories are encoded when served.
        embeddings: [n, d + 1 + r] float32 query embeddings of the people.
        scale: Of the stars.
    """

    dataset: Dataset
    histories: Histories
    candidates: np.ndarray
    rating: RatingEncoder
    encoder: HistoryEncoder
    embeddings: np.ndarray
    scale: RatingScale

    def indexed_candidates(self) -> np.ndarray:
        """Returns what the index searches, [m, d + 1]: candidates, and popularity for people without a history."""
        counts = self.histories.counts(len(self.candidates))
        return np.column_stack((self.candidates, counts / max(1, counts.max()))).astype(np.float32)

    def retrieval_scores(self, people: np.ndarray) -> np.ndarray:
        """Returns the score of every movie for each of `people` [n], [n, m] float32."""
        index = self.indexed_candidates()
        return self.embeddings[people, : index.shape[1]] @ index.T

    def predict_stars(self, people: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Returns the stars each of `people` [n] would give the movie beside them in `rows` [n], on the scale."""
        factors = self.rating.movie_factors[rows]
        dot = np.einsum("nr,nr->n", self.embeddings[people, -factors.shape[1] :], factors)
        return np.clip(self.rating.movie_offset[rows] + dot, self.scale.lowest, self.scale.highest)


def closed_form(histories: Histories, dataset: Dataset, settings: FitSettings) -> np.ndarray:
    """Returns the closed-form candidates [m, d] float32."""
    ridge = Ridge(settings.ridge, scale_of(dataset))
    return fit_candidates(histories, len(dataset.movies), ridge, settings.sweeps, settings.seed)


def fine_tuned(
    start: np.ndarray, histories: Histories, dataset: Dataset, settings: FitSettings
) -> Iterator[np.ndarray]:
    """Yields the candidates [m, d] float32 after each epoch of fine-tuning from `start`."""
    model = RetrievalModel(start, Ridge(settings.ridge, scale_of(dataset)), settings.tuning)
    return fine_tune(model, histories, settings.tuning, settings.seed)


def fit_rating(
    histories: Histories, dataset: Dataset, settings: FitSettings, on_sweep: Callable[[int], None]
) -> RatingEncoder:
    """Returns the rating model, compressed to `settings.rating_dim`."""
    # The matrices are small: more threads are slower, and one makes the draws the same on every machine.
    with threadpool_limits(1):
        sampler = GibbsSampler(histories, dataset.movies, dataset.genres, settings.gibbs, settings.seed)
        encoder = RatingEncoder(list(sampler.draws(on_sweep)), sampler.mean_rating, settings.gibbs)
        encoder.compress(histories, settings.rating_dim)
    return encoder


def assemble(
    dataset: Dataset,
    histories: Histories,
    candidates: np.ndarray,
    rating: RatingEncoder,
    settings: FitSettings,
) -> FittedModels:
    """Joins candidates and rating model into what is exported."""
    scale = scale_of(dataset)
    encoder = HistoryEncoder(candidates, Ridge(settings.ridge, scale), rating)
    return FittedModels(dataset, histories, candidates, rating, encoder, encoder.encode_all(histories), scale)


def scale_of(dataset: Dataset) -> RatingScale:
    """Returns the scale of the data's stars."""
    return RatingScale(dataset.rating_min, dataset.rating_max)
