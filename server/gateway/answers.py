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
    sizes = {"d": info.embedding_dim, "k": info.candidates, "c": asked_row.shape[1]}
    for name, output in _OUTPUTS[call].items():
        _require(name in outputs, f"{name} is missing")
        _check_form(name, outputs[name], output, (num_people, *(sizes[dim] for dim in output.dims)))
    _check_values(call, info, asked_row, outputs)


def _check_form(name: str, array: NDArray[Any], output: _Output, shape: tuple[int, ...]) -> None:
    expected = np.dtype(output.dtype)
    _require(array.dtype == expected, f"{name} is {array.dtype}, must be {expected}")
    _require(array.shape == shape, f"{name} has shape {array.shape}, must have {shape}")


def _check_values(call: tuple[str, str], info: ReleaseInfo, asked_row: NDArray[Any], outputs: Tensors) -> None:
    num_movies = info.data.num_movies
    real = (asked_row >= 0) & (asked_row < num_movies)
    if call == (QUERY_TOWER, SERVING_DEFAULT):
        _require(np.isfinite(outputs["query_embedding"]).all(), "query_embedding is not finite")
    elif call == (MOVIE_INDEX, SERVING_DEFAULT):
        row = outputs["movie_row"]
        _require(((row >= -1) & (row < num_movies)).all(), f"movie_row goes beyond -1 to {num_movies - 1}")
    elif call == (MOVIE_INDEX, RANK_MOVIES):
        rank = outputs["rank"]
        _require(((rank >= 0) & (rank <= num_movies)).all(), f"rank goes beyond 0 to {num_movies}")
        _require(not rank[~real].any(), "rank is not 0 for padding")
        _require(np.isfinite(outputs["score"][rank > 0]).all(), "score is not finite for a ranked movie")
    else:
        _check_rating(outputs["rating"], real, info)


def _check_rating(rating: NDArray[Any], real: NDArray[np.bool_], info: ReleaseInfo) -> None:
    lowest, highest = np.float32(info.rating_min), np.float32(info.rating_max)
    in_scale = (rating[real] >= lowest) & (rating[real] <= highest)
    _require(in_scale.all(), f"rating goes beyond the scale, {lowest} to {highest}")
    _require(np.isnan(rating[~real]).all(), "rating is not NaN for padding")


def _require(holds: bool | np.bool_, otherwise: str) -> None:
    if not holds:
        raise AnswerError(otherwise)
