"""Draws from the posterior of the rating model: block Gibbs sampling, one side at a time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from trainer.rating import features
from trainer.rating.prior import HierarchicalPrior, LinearTerm

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trainer.data.dataset import Movie
    from trainer.histories import Histories


# Ratings predicted at once: the vectors of both sides are held for each.
RATINGS_A_BATCH = 1 << 18


@dataclass(frozen=True)
class GibbsSettings:
    """How the rating model is sampled.

    Attributes:
        dim: Factors beside the bias; K = dim + 1.
        sweeps: Passes over both sides.
        burn_in: Sweeps that are thrown away at the start.
        samples: Draws kept, evenly spaced over the rest.
        budget_seconds: Fewer sweeps are made where all would take longer.
        history_rank: Axes kept of who watched what.
        history_damping: Added to the length of a history before its root, so that short ones weigh less.
        noise_shape: Prior strength, in ratings, of everyone's noise being alike.
    """

    dim: int = 16
    sweeps: int = 200
    burn_in: int = 50
    samples: int = 40
    budget_seconds: float = 600.0
    history_rank: int = 200
    history_damping: float = 10.0
    noise_shape: float = 10.0


@dataclass(frozen=True)
class Draw:
    """One draw: what it takes to predict for any history.

    Attributes:
        movies: [m, K]; column 0 is the movie's bias, the rest its factors.
        mean: [K] expected person, before their history is known.
        precision: [K, K] of people around what is expected of them.
        per_watched: [m, K] what having watched each movie adds to the expected person.
        noise_precision: Of a rating, for a person of ordinary noise.
    """

    movies: np.ndarray
    mean: np.ndarray
    precision: np.ndarray
    per_watched: np.ndarray
    noise_precision: float


class _Side:
    """One side's vectors [n, K] (column 0 a bias) with their prior and their view of the ratings."""

    def __init__(self, ratings: sparse.csr_matrix, prior: HierarchicalPrior, generator: np.random.Generator) -> None:
        self.ratings, self.prior, self._generator = ratings, prior, generator
        self.vectors = 0.1 * generator.standard_normal(prior.expected.shape)
        self.owner = np.repeat(np.arange(ratings.shape[0]), np.diff(ratings.indptr))
        self.other = ratings.indices

    def resample(self, others: np.ndarray, precision: np.ndarray) -> None:
        """Draws all vectors given the other side's [m, K] and each rating's noise precision [entries]."""
        self.prior.resample(self.vectors)
        design = np.concatenate((np.ones((len(others), 1)), others[:, 1:]), axis=1)
        upper = np.triu_indices(design.shape[1])
        weights = self._matrix(precision)
        normal = np.empty((len(self.vectors), design.shape[1], design.shape[1]))
        normal[:, *upper] = weights @ (design[:, upper[0]] * design[:, upper[1]])
        normal[:, upper[1], upper[0]] = normal[:, *upper]
        normal += self.prior.precision
        residual = self._matrix(precision * (self.ratings.data - others[self.other, 0]))
        self.vectors = self._draw(normal, residual @ design + self.prior.expected @ self.prior.precision)

    def _matrix(self, values: np.ndarray) -> sparse.csr_matrix:
        return sparse.csr_matrix((values, self.ratings.indices, self.ratings.indptr), shape=self.ratings.shape)

    def _draw(self, normal: np.ndarray, right_hand_side: np.ndarray) -> np.ndarray:
        root = np.linalg.cholesky(normal)
        whitened = np.linalg.solve(root, right_hand_side[..., None])
        noise = self._generator.standard_normal(whitened.shape)
        return np.linalg.solve(root.transpose(0, 2, 1), whitened + noise)[..., 0]


class GibbsSampler:
    """Bayesian matrix factorisation with biases, histories as linear terms, and noise of each person's own."""

    def __init__(
        self,
        histories: Histories,
        movies: Sequence[Movie],
        genres: Sequence[str],
        settings: GibbsSettings,
        seed: int,
    ) -> None:
        """Prepares to sample for people with `histories`, in which every entry has a rating."""
        self._settings = settings
        self._generator = np.random.default_rng(seed)
        audiences = histories.transposed(len(movies))
        self.mean_rating = float(histories.ratings.mean(dtype=np.float64))
        self._people = self._side(histories, len(movies), [])
        self._movies = self._side(audiences, len(histories), [features.genres_and_years(movies, genres)])
        # Where each of the people's entries stands among the movies' entries.
        self._to_movies = np.argsort(histories.rows, kind="stable")
        self._noise = np.ones(len(histories))
        self._noise_precision = 1.0

    def _side(self, lists: Histories, num_others: int, blocks: list[sparse.csr_matrix]) -> _Side:
        dim, settings = self._settings.dim + 1, self._settings
        watched = features.watched(lists, num_others, settings.history_damping)
        terms = [LinearTerm.of(block, settings.history_rank, dim) for block in [watched, *blocks]]
        prior = HierarchicalPrior(len(lists), dim, terms, self._generator)
        centred = lists.ratings.astype(np.float64) - self.mean_rating
        ratings = sparse.csr_matrix((centred, lists.rows, lists.offsets), shape=(len(lists), num_others))
        return _Side(ratings, prior, self._generator)

    def draws(self, on_sweep: Callable[[int], None]) -> Iterator[Draw]:
        """Yields thinned draws, evenly spaced after the burn-in; calls `on_sweep` with the number of sweeps done.

        Where the first two sweeps show that the budget is too small for all, fewer are made, burn-in and rest alike.
        """
        started = time.monotonic()
        kept_at = self._kept_at(self._settings.sweeps)
        for sweep in range(self._settings.sweeps):
            self._sweep()
            on_sweep(sweep + 1)
            if sweep == 1:
                kept_at = self._kept_at(int(2 * self._settings.budget_seconds / (time.monotonic() - started)))
            if sweep in kept_at:
                yield self._draw()
            if sweep >= max(kept_at):
                return

    def _kept_at(self, affordable: int) -> set[int]:
        settings = self._settings
        sweeps = min(settings.sweeps, max(2, affordable))
        burn_in = settings.burn_in * sweeps // settings.sweeps
        return set(np.linspace(burn_in, sweeps - 1, settings.samples).astype(int).tolist())

    def _sweep(self) -> None:
        people, movies = self._people, self._movies
        precision = self._noise_precision * self._noise[people.owner]
        people.resample(movies.vectors, precision)
        movies.resample(people.vectors, precision[self._to_movies])
        self._resample_noise()

    def _resample_noise(self) -> None:
        people, shape = self._people, self._settings.noise_shape
        squared = (people.ratings.data - self._predicted()) ** 2
        totals = np.bincount(people.owner, squared, minlength=len(self._noise))
        lengths = np.bincount(people.owner, minlength=len(self._noise))
        self._noise = self._generator.gamma((shape + lengths) / 2) / ((shape + self._noise_precision * totals) / 2)
        weighted = (self._noise[people.owner] * squared).sum()
        self._noise_precision = self._generator.gamma((1 + len(squared)) / 2) / ((1 + weighted) / 2)

    def _predicted(self) -> np.ndarray:
        """Returns what every rating should be above the mean, [entries]."""
        people, movies = self._people, self._movies
        predicted = np.empty(len(people.owner))
        for start in range(0, len(predicted), RATINGS_A_BATCH):
            some = slice(start, start + RATINGS_A_BATCH)
            of_person, of_movie = people.vectors[people.owner[some]], movies.vectors[people.other[some]]
            predicted[some] = of_person[:, 0] + of_movie[:, 0] + (of_person[:, 1:] * of_movie[:, 1:]).sum(axis=1)
        return predicted

    def _draw(self) -> Draw:
        prior = self._people.prior
        return Draw(
            movies=self._movies.vectors.copy(),
            mean=prior.mean.copy(),
            precision=prior.precision.copy(),
            per_watched=prior.terms[0].per_feature(),
            noise_precision=self._noise_precision,
        )
