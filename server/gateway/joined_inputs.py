"""Lays the inputs of several Predict calls under each other as those of one, and takes its outputs apart again."""

from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import PADDING_ROW, Tensors

_PADDING = {np.dtype(np.int32): PADDING_ROW, np.dtype(np.float32): np.nan}


def num_people(inputs: Tensors) -> int:
    """Returns the batch dimension of some inputs."""
    return len(next(iter(inputs.values())))


def width(inputs: Tensors) -> int:
    """Returns how wide the widest input is; 1 where none has two dimensions."""
    return max((array.shape[1] for array in inputs.values() if array.ndim > 1), default=1)


def join_inputs(calls: Sequence[Tensors]) -> Tensors:
    """Lays inputs of one signature under each other; narrower ones are padded to the widest.

    Rows are padded with -1 and stars with NaN, which every signature takes for nothing.
    """
    if len(calls) == 1:
        return calls[0]
    return {name: _join([inputs[name] for inputs in calls]) for name in calls[0]}


def _join(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    if len({array.shape[1:] for array in arrays}) == 1:
        return np.concatenate(arrays)
    shape = (sum(map(len, arrays)), max(array.shape[1] for array in arrays))
    joined = np.full(shape, _PADDING[arrays[0].dtype], arrays[0].dtype)
    start = 0
    for array in arrays:
        joined[start : start + len(array), : array.shape[1]] = array
        start += len(array)
    return joined


def part_outputs(calls: Sequence[Tensors], outputs: Tensors) -> Iterator[dict[str, NDArray[Any]]]:
    """Yields each call's part of the outputs of joined inputs, as views, as wide as it asked for."""
    ends = accumulate(map(num_people, calls), initial=0)
    for inputs, (start, end) in zip(calls, pairwise(ends), strict=True):
        asked = inputs.get("movie_row")
        # Where movies are asked about by row and person, every output has their columns.
        columns = () if asked is None or asked.ndim == 1 else (slice(asked.shape[1]),)
        yield {name: array[(slice(start, end), *columns)] for name, array in outputs.items()}
