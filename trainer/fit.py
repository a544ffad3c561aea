"""Fits both models to one set of interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from trainer.rating.blend import BlendedEncoder, damped_means
from trainer.rating.features import genres_and_years
from trainer.rating.fold_in import RatingEncoder
from trainer.rating.gibbs import GibbsSampler, GibbsSettings
from trainer.release.query_tower import HistoryEncoder
from trainer.release.ranking_head import DotStars
from trainer.retrieval.alternating import fit_candidates
from trainer.retrieval.encoder import RetrievalEncoder
from trainer.retrieval.item_to_item import Ease, ItemPart
from trainer.retrieval.model import FineTuning, RetrievalModel, fine_tune
from trainer.retrieval.ridge import RatingScale, Ridge, RidgeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trainer.data.dataset import Dataset
    from trainer.histories import Histories
    from trainer.release.ranking_head import Stars

# Stars predicted at once: a query embedding for each of them is held in memory.
STARS_A_BATCH = 1 << 14


@dataclass(frozen=True)
class ItemSettings:
    """What the item-to-item part is.

    Attributes:
        weight: Factor of its scores beside the others; 0: there is none.
        penalty: Of EASE.
        rank: Size of its embeddings.
    """

    weight: float = 0.5
    penalty: float = 300.0
    rank: int = 128


@dataclass(frozen=True)
class FitSettings:
    """Everything that is set before fitting.

    Attributes:
        ridge: How a history becomes an embedding.
        sweeps: Sweeps of the closed-form start.
        tuning: How candidates are fine-tuned.
        gibbs: How the rating model is sampled.
        item: The item-to-item part.
        rating_dim: Axes of the rating part of a query embedding.
        seed: Of everything random.
    """

    ridge: RidgeSettings = field(default_factory=RidgeSettings)
    sweeps: int = 8
    tuning: FineTuning = field(default_factory=FineTuning)
    gibbs: GibbsSettings = field(default_factory=GibbsSettings)
    item: ItemSettings = field(default_factory=ItemSettings)
    rating_dim: int = 48
    seed: int = 37


@dataclass(frozen=True)
class FittedModels:
    """Both models, fitted to `dataset`.

    Attributes:
        dataset: The interactions fitted to.
        histories: The same, by person.
        candidates: [m, d] float32 candidate embeddings.
        stars: The rating model.
        encoder: Both, as histories are encoded when served.
        embeddings: [n, d + 1 + r] float32 query embeddings of the people.
        scale: Of the stars.
    """

    dataset: Dataset
    histories: Histories
    candidates: np.ndarray
    stars: Stars
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
        """Returns the stars each of `people` [n] would give the movie beside them in `rows` [n], on the scale.

        Beside padding, row -1, there is any number.
        """
        stars = [np.zeros(0, np.float32)]
        for start in range(0, len(people), STARS_A_BATCH):
            some = slice(start, start + STARS_A_BATCH)
            predicted = self.stars.predict(self.embeddings[people[some]], np.maximum(rows[some, None], 0))
            stars.append(predicted.numpy()[:, 0])
        return np.clip(np.concatenate(stars), self.scale.lowest, self.scale.highest)


def closed_form(histories: Histories, dataset: Dataset, settings: FitSettings) -> np.ndarray:
    """Returns the closed-form factors of the movies, [m, d] float32."""
    ridge = Ridge(settings.ridge, scale_of(dataset))
    return fit_candidates(histories, len(dataset.movies), ridge, settings.sweeps, settings.seed)


def fine_tuned(
    start: np.ndarray, histories: Histories, dataset: Dataset, settings: FitSettings
) -> Iterator[np.ndarray]:
    """Yields the factors [m, d] float32 after each epoch of fine-tuning from `start`."""
    model = RetrievalModel(start, Ridge(settings.ridge, scale_of(dataset)), settings.tuning)
    return fine_tune(model, histories, settings.tuning, settings.seed)


def factors(histories: Histories, dataset: Dataset, settings: FitSettings, epochs: int) -> np.ndarray:
    """Returns the factors of the movies after so many epochs of fine-tuning, [m, d] float32; 0: the closed form."""
    start = closed_form(histories, dataset, settings)
    tuned = fine_tuned(start, histories, dataset, settings)
    return [start, *islice(tuned, epochs)][-1]


def encoder(factors: np.ndarray, dataset: Dataset, settings: FitSettings) -> RetrievalEncoder:
    """Returns the retrieval model of factors [m, d], without an item-to-item part."""
    return RetrievalEncoder(factors, Ridge(settings.ridge, scale_of(dataset)), ItemPart.none(len(factors)))


def with_item_part(retrieval: RetrievalEncoder, histories: Histories, item: ItemSettings) -> RetrievalEncoder:
    """Returns `retrieval` with the item-to-item part joined in; as it is where the weight is 0."""
    if item.weight == 0:
        return retrieval
    ease = Ease(histories, len(retrieval.candidates), item.penalty)
    return retrieval.joined(ease.reduced(item.rank).taken(item.rank, item.weight))


def fit_rating(
    histories: Histories, dataset: Dataset, settings: FitSettings, on_sweep: Callable[[int], None]
) -> BlendedEncoder:
    """Returns the rating model, compressed to `settings.rating_dim` axes and blended with the movies' means."""
    # The matrices are small: more threads are slower, and one makes the draws the same on every machine.
    with threadpool_limits(1):
        sampler = GibbsSampler(histories, dataset.movies, dataset.genres, settings.gibbs, settings.seed)
        encoder = RatingEncoder(list(sampler.draws(on_sweep)), sampler.mean_rating, settings.gibbs)
        encoder.compress(histories, settings.rating_dim)
    return BlendedEncoder(encoder, damped_means(histories, len(dataset.movies)))


def assemble(
    dataset: Dataset,
    histories: Histories,
    retrieval: RetrievalEncoder,
    rating: BlendedEncoder,
    encoded: np.ndarray | None = None,
) -> FittedModels:
    """Joins both models into what is exported, movies without ratings included.

    Only the people in `encoded`, by place, have embeddings of their own; None: everyone.
    """
    counts = histories.counts(len(dataset.movies))
    retrieval = retrieval.with_unrated(counts, genres_and_years(dataset.movies, dataset.genres))
    encoder = HistoryEncoder(retrieval, rating, retrieval.candidates)
    shown = histories if encoded is None else histories.where(np.isin(histories.owners, encoded))
    embeddings, stars = encoder.encode_all(shown), DotStars(rating.movie_offset, rating.movie_factors)
    return FittedModels(dataset, histories, retrieval.candidates, stars, encoder, embeddings, scale_of(dataset))


def scale_of(dataset: Dataset) -> RatingScale:
    """Returns the scale of the data's stars."""
    return RatingScale(dataset.rating_min, dataset.rating_max)
