"""The prior of one side (people or movies) of the factorisation: what is expected of someone before their ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse import linalg as sparse_linalg

if TYPE_CHECKING:
    from scipy import sparse


@dataclass
class LinearTerm:
    """Features of the owners that shift their expected vector, on the axes of the features' own SVD.

    Attributes:
        projected: [n, r] features of each owner on the axes.
        axes: [r, f] orthonormal rows: `projected = features @ axes.T`.
        strength: [r] squared singular value of each axis.
        coefficients: [r, K] current sample: what a unit along each axis adds to the expected vector.
        precision: Current sample of the coefficients' own precision.
    """

    projected: np.ndarray
    axes: np.ndarray
    strength: np.ndarray
    coefficients: np.ndarray
    precision: float = 1.0

    @classmethod
    def of(cls, features: sparse.csr_matrix, max_rank: int, dim: int) -> LinearTerm:
        """Reduces features [n, f] to at most `max_rank` axes and starts with no effect."""
        if min(features.shape) <= 2 * max_rank:
            left, singular, axes = np.linalg.svd(features.toarray(), full_matrices=False)
        else:
            # A start of its own, but the same every time: from a regular one ARPACK can end up restarting at random.
            left, singular, axes = sparse_linalg.svds(features, k=max_rank, rng=np.random.default_rng(0))
        strongest = np.argsort(-singular)[:max_rank]
        kept = strongest[singular[strongest] > 1e-6 * max(singular.max(initial=0.0), 1e-6)]
        projected = left[:, kept] * singular[kept]
        return cls(projected, axes[kept], singular[kept] ** 2, np.zeros((len(kept), dim)))

    def shift(self) -> np.ndarray:
        """Returns what the features add to each owner's expected vector, [n, K]."""
        return self.projected @ self.coefficients

    def per_feature(self) -> np.ndarray:
        """Returns what a unit of each original feature adds to the expected vector, [f, K]."""
        return self.axes.T @ self.coefficients


class HierarchicalPrior:
    """Owner vectors [n, K] are normal around a mean plus linear terms, with one precision matrix for all.

    Source: Salakhutdinov and Mnih, "Bayesian Probabilistic Matrix Factorization using MCMC", 2008 (Normal-Wishart);
    Simm et al., "Macau", 2017 (features in the prior mean).
    """

    def __init__(self, num_owners: int, dim: int, terms: list[LinearTerm], generator: np.random.Generator) -> None:
        """Starts wide, around 0."""
        self._num_owners, self._dim, self._terms, self._generator = num_owners, dim, terms, generator
        self.mean = np.zeros(dim)
        self.precision = np.eye(dim) * 10.0
        self.expected = np.zeros((num_owners, dim))

    @property
    def terms(self) -> list[LinearTerm]:
        """The linear terms, in the order given."""
        return self._terms

    def resample(self, vectors: np.ndarray) -> None:
        """Draws mean, precision and coefficients given the owners' vectors [n, K], and updates `expected`."""
        self._resample_normal(vectors - self._shift())
        whitening = np.linalg.inv(np.linalg.cholesky(self.precision))
        for term in self._terms:
            self._resample_term(term, vectors, whitening)
        self.expected = self.mean + self._shift()

    def _shift(self) -> np.ndarray:
        return sum((term.shift() for term in self._terms), np.zeros((self._num_owners, self._dim)))

    def _resample_normal(self, residual: np.ndarray) -> None:
        """Normal-Wishart update; the coefficients share the precision, so they count as observations of it."""
        pseudo_count = 2.0
        count, average = len(residual), residual.mean(axis=0)
        centred = residual - average
        shrinkage = pseudo_count * count / (pseudo_count + count)
        scatter = np.eye(self._dim) + centred.T @ centred + shrinkage * np.outer(average, average)
        degrees = self._dim + count
        for term in self._terms:
            scatter += term.precision * term.coefficients.T @ term.coefficients
            degrees += len(term.coefficients)
        self.precision = self._wishart(np.linalg.inv(scatter), degrees)
        spread = np.linalg.cholesky(self.precision * (pseudo_count + count))
        noise = np.linalg.solve(spread.T, self._generator.standard_normal(self._dim))
        self.mean = count * average / (pseudo_count + count) + noise

    def _wishart(self, scale: np.ndarray, degrees: int) -> np.ndarray:
        """Source: Bartlett decomposition."""
        root = np.linalg.cholesky((scale + scale.T) / 2)
        lower = np.tril(self._generator.standard_normal(scale.shape), -1)
        lower[np.diag_indices_from(lower)] = np.sqrt(self._generator.chisquare(degrees - np.arange(self._dim)))
        product = root @ lower
        return product @ product.T

    def _resample_term(self, term: LinearTerm, vectors: np.ndarray, whitening: np.ndarray) -> None:
        others = self._shift() - term.shift()
        posterior_precision = (term.strength + term.precision)[:, None]
        average = term.projected.T @ (vectors - self.mean - others) / posterior_precision
        noise = self._generator.standard_normal(average.shape) @ whitening
        term.coefficients = average + noise / np.sqrt(posterior_precision)
        weighted = np.einsum("rk,kl,rl->", term.coefficients, self.precision, term.coefficients)
        shape = (1 + term.coefficients.size) / 2
        term.precision = self._generator.gamma(shape) / ((1 + weighted) / 2)
