"""What people make of movies: candidates found, ranked and rated by the models, ordered by the objective."""

import asyncio
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from server.errors import DeadlineExceededError, ModelsUnavailableError
from server.frozen import frozen
from server.recommender import predictions
from server.recommender.groups import Group
from server.recommender.models import PADDING_ROW, Floats, Models, Rows
from server.recommender.objective import Order, order_by_liking
from server.recommender.queries import Objective
from server.recommender.release_info import ReleaseInfo
from server.recommender.row_sets import join_rows, pad_rows, padded_width


@frozen
class Preferences:
    """What the m members of each of p groups make of the group's joined candidates.

    Attributes:
        movie_row: `[p, c] int32`, ascending, then -1.
        score: `[p, m, c] float64`; anything where rank is 0.
        rank: `[p, m, c] int32` from 1; 0 for padding.
        rating: `[p, m, c] float32` stars; NaN for padding, and where there are none.
        fault: Why there are no stars; empty when there are.
    """

    movie_row: Rows
    score: Floats
    rank: Rows
    rating: Floats
    fault: str


# Joined candidates `[p, c]`, their order by retrieval score `[p m, c]`, and stars with what is wrong with them.
Found: TypeAlias = tuple[Rows, Order, Floats, str]


async def prefer(models: Models, info: ReleaseInfo, groups: Sequence[Group], embedding: Floats) -> Preferences:
    """Asks the models what groups make of their candidates.

    Args:
        models: Of the release.
        info: The release.
        groups: p groups of m members each; all have `allowed_rows` or none has, and all want stars or none does.
        embedding: `[p m, d]`, a group's members side by side.

    Raises:
        ModelsUnavailableError: The index does not answer. Without the ranking head there are just no stars.
        DeadlineExceededError: The index does not answer in time.
    """
    if groups[0].allowed_rows is None:
        movie_row, order, rating, fault = await _search(models, groups, embedding)
    else:
        movie_row, order, rating, fault = await _rank_allowed(models, info.candidates, groups, embedding)
    liking = np.array([group.wanted.objective is Objective.LIKE for group in groups])
    return by_objective(info, liking, (movie_row, order, rating, fault))


def by_objective(info: ReleaseInfo, liking: NDArray[np.bool_], found: Found) -> Preferences:
    """Orders what was found for p groups by their objectives; without stars LIKE is ordered as WATCH.

    Args:
        info: The release.
        liking: Whose objective is LIKE, `[p]`.
        found: What the models say.
    """
    movie_row, order, rating, fault = found
    shape = (len(movie_row), len(rating) // len(movie_row), -1)
    if np.count_nonzero(liking) and not fault:
        like = order_by_liking(order, rating, np.full(len(rating), info.candidates), info.like_star_share)
        chosen = np.repeat(liking, shape[1])[:, np.newaxis]
        order = Order(np.where(chosen, like.score, order.score), np.where(chosen, like.rank, order.rank))
    return Preferences(movie_row, order.score.reshape(shape), order.rank.reshape(shape), rating.reshape(shape), fault)


async def _search(models: Models, groups: Sequence[Group], embedding: Floats) -> Found:
    num_members = len(groups[0].people)
    excluded = np.repeat(pad_rows([group.excluded_rows for group in groups]), num_members, axis=0)
    found = await predictions.find_candidates(models, embedding, excluded)
    joined = join_rows(found.reshape(len(groups), -1))
    asked = np.repeat(joined, num_members, axis=0)
    use_stars = groups[0].wanted.use_stars
    order, stars = await rank_and_rate(models, embedding, excluded, asked, use_stars=use_stars)
    return joined, order, *stars


async def rank_and_rate(
    models: Models, embedding: Floats, excluded: Rows, rows: Rows, *, use_stars: bool = True
) -> tuple[Order, tuple[Floats, str]]:
    """Asks at once how people rank movies `[n, c]` and what stars they give; see `_stars` where they give none."""
    stars = asyncio.create_task(_stars(models, embedding, rows, use_stars=use_stars))
    try:
        order = await predictions.rank_movies(models, embedding, excluded, rows)
    except BaseException:
        stars.cancel()
        raise
    return order, await stars


async def _rank_allowed(models: Models, num_candidates: int, groups: Sequence[Group], embedding: Floats) -> Found:
    num_members = len(groups[0].people)
    allowed = pad_rows([group.allowed_rows for group in groups if group.allowed_rows is not None])
    nothing = np.full((len(embedding), 1), PADDING_ROW, np.int32)
    order = await predictions.rank_movies(models, embedding, nothing, np.repeat(allowed, num_members, axis=0))
    joined, order = _join_best(allowed, _rank_among(order), num_candidates)
    asked, use_stars = np.repeat(joined, num_members, axis=0), groups[0].wanted.use_stars
    rating, fault = await _stars(models, embedding, asked, use_stars=use_stars)
    return joined, order, rating, fault


def _rank_among(order: Order) -> Order:
    """Turns ranks in the catalogue into ranks among the columns."""
    listed = order.rank > 0
    places = np.argsort(np.where(listed, order.rank, np.iinfo(np.int32).max), axis=1)
    return Order(order.score, np.where(listed, np.argsort(places, axis=1) + 1, 0).astype(np.int32))


def _join_best(rows: Rows, order: Order, num_candidates: int) -> tuple[Rows, Order]:
    """Keeps the columns of rows `[p, a]` that are among the best of anyone in the group."""
    own = (order.rank > 0) & (order.rank <= num_candidates)
    kept = own.reshape(len(rows), -1, rows.shape[1]).any(axis=1)
    columns = np.argsort(~kept, axis=1, kind="stable")[:, : padded_width(int(kept.sum(axis=1).max()))]
    joined = np.take_along_axis(np.where(kept, rows, PADDING_ROW), columns, axis=1)
    of_group = np.repeat(np.arange(len(rows)), len(own) // len(rows))
    columns = columns[of_group]
    rank = np.where(joined[of_group] >= 0, np.take_along_axis(order.rank, columns, axis=1), 0)
    return joined, Order(np.take_along_axis(order.score, columns, axis=1), rank)


async def _stars(models: Models, embedding: Floats, rows: Rows, *, use_stars: bool) -> tuple[Floats, str]:
    """Returns stars for rows `[n, c]`, or NaN and why there are none."""
    fault = "the ranking head was not to be asked"
    if use_stars:
        try:
            return await predictions.predict_stars(models, embedding, rows), ""
        except (ModelsUnavailableError, DeadlineExceededError) as error:
            fault = str(error)
    return np.full(rows.shape, np.nan, np.float32), fault
