"""Why a movie is recommended: which movies of someone's own history speak for it."""

import numpy as np

from server.recommender.catalog import Catalog
from server.recommender.models import PADDING_ROW, Rows
from server.recommender.queries import History

_MOST_REASONS = 3


def find_reasons(catalog: Catalog, history: History, rows: Rows) -> list[tuple[int, ...]]:
    """Finds for each row up to three movies of a history that are most like it, the most alike first.

    Only movies that the person liked count: rated at least their own mean and the middle of the scale, or watched and
    not rated. A movie is no reason for itself, and one that points away from it (a cosine of candidate embeddings of 0
    or less) is none.
    """
    liked = history.rows[_liked(history, (catalog.info.rating_min + catalog.info.rating_max) / 2)]
    # Not by `@`: its threads cost more than they bring, and milliseconds where cores are busy.
    likeness = np.einsum("nd,md->nm", catalog.directions(rows), catalog.directions(liked))
    # How many rows there are changes the last digits, and equal ones would change places.
    likeness = np.round(likeness, 5)
    likeness[rows[:, np.newaxis] == liked] = 0
    reasons: list[tuple[int, ...]] = [()] * len(rows)
    for _ in range(min(_MOST_REASONS, len(liked))):
        best = likeness.argmax(axis=1, keepdims=True)
        speaks = np.take_along_axis(likeness, best, axis=1) > 0
        np.put_along_axis(likeness, best, 0, axis=1)
        more = np.where(speaks, liked[best], PADDING_ROW).ravel().tolist()
        reasons = [(*few, row) if row >= 0 else few for few, row in zip(reasons, more, strict=True)]
    return reasons


def _liked(history: History, middle: float) -> np.ndarray:
    rated = ~np.isnan(history.ratings)
    least = max(middle, history.ratings[rated].mean()) if rated.any() else middle
    return ~rated | (history.ratings >= least)
