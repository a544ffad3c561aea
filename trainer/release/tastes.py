"""Places people who only say how they like genres: what such tastes mean among people whose histories are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from trainer.histories import Histories

# Ridge penalty of the learned map, in squared stars: a few people's worth of deviations.
PENALTY = 100.0


@dataclass(frozen=True)
class TasteMap:
    """A person by tastes is `base + deviations @ learned + mean over stated genres of deviations @ towards`.

    Deviations are stars a genre above the usual, 0 where nothing is said. The learned part is what deviations go with
    in histories, where most genres are rated. The second part leans towards the genres themselves: someone who names
    two genres means just those, and the mean keeps it small for someone who names them all.

    Attributes:
        usual: [g] float32 stars that people give each genre on average.
        base: [e] float32 embedding of someone of usual tastes.
        learned: [g, e] float32.
        towards: [g, e] float32 from the average candidate to the genre's; 0 but in the retrieval part.
    """

    usual: np.ndarray
    base: np.ndarray
    learned: np.ndarray
    towards: np.ndarray


def fit_tastes(
    histories: Histories, embeddings: np.ndarray, candidates: np.ndarray, genre_flags: np.ndarray
) -> TasteMap:
    """Fits the map to known people.

    Args:
        histories: Of n people.
        embeddings: [n, e] their query embeddings, of which the first d are the retrieval part.
        candidates: [m, d] candidate embeddings.
        genre_flags: [m, g] float32, 1 where a movie is of a genre.
    """
    stated = mean_genre_ratings(histories, genre_flags)
    overall = histories.ratings.mean(dtype=np.float64)
    # A genre that nobody has rated gets the overall mean.
    usual = np.nanmean(np.vstack((stated, np.where(np.isnan(stated).all(axis=0), overall, np.nan))), axis=0)
    deviations = np.nan_to_num(stated - usual)
    base = embeddings.mean(axis=0)
    normal = deviations.T @ deviations + PENALTY * np.eye(len(usual))
    learned = np.linalg.solve(normal, deviations.T @ (embeddings - base))
    towards = np.zeros((len(usual), embeddings.shape[1]))
    towards[:, : candidates.shape[1]] = _genre_centres(histories, candidates, genre_flags)
    return TasteMap(*(part.astype(np.float32) for part in (usual, base, learned, towards)))


def mean_genre_ratings(histories: Histories, genre_flags: np.ndarray) -> np.ndarray:
    """Returns the mean stars each person gives each genre, [n, g] float32, NaN where they rated none of it."""
    shape = (len(histories), genre_flags.shape[1])
    totals, counts = np.zeros(shape), np.zeros(shape)
    of_entry = genre_flags[histories.rows]
    np.add.at(totals, histories.owners, of_entry * histories.ratings[:, None])
    np.add.at(counts, histories.owners, of_entry)
    return np.where(counts > 0, totals / np.maximum(counts, 1), np.nan).astype(np.float32)


def _genre_centres(histories: Histories, candidates: np.ndarray, genre_flags: np.ndarray) -> np.ndarray:
    """Returns [g, d]: mean candidate of each genre, by how often movies were rated, less the mean of all."""
    weights = histories.counts(len(candidates))[:, None] * np.column_stack((genre_flags, np.ones(len(candidates))))
    totals = np.maximum(weights.sum(axis=0), 1)
    centres = (weights / totals).T @ candidates
    return np.where(weights.sum(axis=0)[:-1, None] > 0, centres[:-1] - centres[-1], 0.0)
