"""Holds what the model server answers against the frozen signatures: a wrong list is worse than none."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import (
    MOVIE_INDEX,
    QUERY_TOWER,
    RANK_MOVIES,
    RANKING_HEAD,
    SERVING_DEFAULT,
    SIMILAR_MOVIES,
    Rows,
    Tensors,
)
from server.recommender.release_info import ReleaseInfo


class AnswerError(ValueError):
    """An answer that does not keep the signature; the message says where."""


class _Output(NamedTuple):
    dtype: type
    dims: str  # after the batch dimension: d, k, c of design.md, none where empty


_OUTPUTS = {
    (QUERY_TOWER, SERVING_DEFAULT): {
        "query_embedding": _Output(np.float32, "d"),
        "known": _Output(np.bool_, ""),
    },
    (MOVIE_INDEX, SERVING_DEFAULT): {
        "movie_row": _Output(np.int32, "k"),
        "score": _Output(np.float32, "k"),
    },
    (MOVIE_INDEX, RANK_MOVIES): {"score": _Output(np.float32, "c"), "rank": _Output(np.int32, "c")},
    (MOVIE_INDEX, SIMILAR_MOVIES): {
        "movie_row": _Output(np.int32, "k"),
        "score": _Output(np.float32, "k"),
    },
    (RANKING_HEAD, SERVING_DEFAULT): {"rating": _Output(np.float32, "c")},
}


def check_outputs(call: tuple[str, str], info: ReleaseInfo, inputs: Tensors, outputs: Tensors) -> None:
    """Checks every output of one call: presence, dtype, shape, and that each value can be what it says.

    Args:
        call: Model and signature.
        info: The release the models belong to.
        inputs: What was asked.
        outputs: What came back.

    Raises:
        AnswerError: Something is wrong with it.
    """
    num_people = len(next(iter(inputs.values())))
    asked_row = inputs.get("movie_row", np.empty((num_people, 0), np.int32))
    sizes = {"d": info.embedding_dim, "k": info.candidates, "c": asked_row.shape[-1]}
    for name, output in _OUTPUTS[call].items():
        _require(name in outputs, f"{name} is missing")
        _check_form(name, outputs[name], output, (num_people, *(sizes[dim] for dim in output.dims)))
    _check_values(call, info, inputs, outputs)


def _check_form(name: str, array: NDArray[Any], output: _Output, shape: tuple[int, ...]) -> None:
    expected = np.dtype(output.dtype)
    _require(array.dtype == expected, f"{name} is {array.dtype}, must be {expected}")
    _require(array.shape == shape, f"{name} has shape {array.shape}, must have {shape}")


def _check_values(call: tuple[str, str], info: ReleaseInfo, inputs: Tensors, outputs: Tensors) -> None:
    if call == (QUERY_TOWER, SERVING_DEFAULT):
        _require(np.isfinite(outputs["query_embedding"]).all(), "query_embedding is not finite")
    elif call == (MOVIE_INDEX, RANK_MOVIES):
        _check_ranks(outputs, inputs, info.data.num_movies)
    elif call == (RANKING_HEAD, SERVING_DEFAULT):
        _check_rating(outputs["rating"], _real(inputs["movie_row"], info.data.num_movies), info)
    else:
        # What was asked about is never like itself.
        left_out = inputs["excluded_row"] if call[1] == SERVING_DEFAULT else inputs["movie_row"][:, np.newaxis]
        _check_best(outputs, left_out, info.data.num_movies)


def _check_best(outputs: Tensors, left_out: Rows, num_movies: int) -> None:
    row, score = outputs["movie_row"], outputs["score"]
    _require(((row >= -1) & (row < num_movies)).all(), f"movie_row goes beyond -1 to {num_movies - 1}")
    _require(not _among(row, left_out, num_movies).any(), "movie_row holds what must be left out")
    in_order = np.sort(row, axis=1)
    _require(not ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] >= 0)).any(), "movie_row repeats a movie")
    _require(np.array_equal(np.isfinite(score), row >= 0), "score is finite where no movie is, or not where one is")
    _require((score[:, 1:] <= score[:, :-1]).all(), "score is not best first")


def _check_ranks(outputs: Tensors, inputs: Tensors, num_movies: int) -> None:
    row, rank, score = inputs["movie_row"], outputs["rank"], outputs["score"]
    _require(((rank >= 0) & (rank <= num_movies)).all(), f"rank goes beyond 0 to {num_movies}")
    _require(not rank[~_real(row, num_movies)].any(), "rank is not 0 for padding")
    _require(not rank[_among(row, inputs["excluded_row"], num_movies)].any(), "rank is not 0 for an excluded movie")
    _require(np.isfinite(score[rank > 0]).all(), "score is not finite for a ranked movie")
    order = np.argsort(np.where(rank > 0, rank, num_movies + 1), axis=1)
    by_rank = np.take_along_axis(np.where(rank > 0, score, -np.inf), order, axis=1)
    _require((by_rank[:, 1:] <= by_rank[:, :-1]).all(), "score does not fall as rank rises")


def _real(row: Rows, num_movies: int) -> NDArray[np.bool_]:
    return (row >= 0) & (row < num_movies)


def _among(row: Rows, others: Rows, num_movies: int) -> NDArray[np.bool_]:
    """Returns which rows of each line are among the others of that line; padding never is."""
    line = np.arange(len(row))[:, np.newaxis]
    marked = np.zeros((len(row), num_movies + 1), bool)
    marked[line, np.where(_real(others, num_movies), others, num_movies)] = True
    marked[:, num_movies] = False
    return marked[line, np.where(_real(row, num_movies), row, num_movies)]


def _check_rating(rating: NDArray[Any], real: NDArray[np.bool_], info: ReleaseInfo) -> None:
    lowest, highest = np.float32(info.rating_min), np.float32(info.rating_max)
    in_scale = (rating[real] >= lowest) & (rating[real] <= highest)
    _require(in_scale.all(), f"rating goes beyond the scale, {lowest} to {highest}")
    _require(np.isnan(rating[~real]).all(), "rating is not NaN for padding")


def _require(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise AnswerError(otherwise)
