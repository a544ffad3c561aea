"""Sets of catalogue rows as rectangles: models want one width a batch, and few different widths over time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.recommender.models import PADDING_ROW, Floats, Rows

_MIN_WIDTH = 64


def pad_rows(row_sets: Sequence[Rows]) -> Rows:
    """Lays row sets of any length side by side.

    Returns:
        `[n, w] int32`, padded with -1; w is a power of two, at least 64.
    """
    return _pad(row_sets, np.int32(PADDING_ROW))


def pad_stars(star_sets: Sequence[Floats]) -> Floats:
    """Lays stars `[h]` side by side as `pad_rows` does rows: `[n, w] float32`, padded with NaN."""
    return _pad(star_sets, np.float32(np.nan))


def _pad(lines: Sequence[NDArray[Any]], padding: np.generic) -> NDArray[Any]:
    padded = np.full((len(lines), padded_width(max(map(len, lines), default=0))), padding)
    for wide, line in zip(padded, lines, strict=True):
        wide[: len(line)] = line
    return padded


def join_rows(rows: Rows) -> Rows:
    """Sorts the rows of each line and drops repeats and padding.

    Args:
        rows: `[n, x] int32`; negative is padding.

    Returns:
        `[n, w] int32`, ascending, then padded with -1; w is a power of two, at least 64.
    """
    ordered = np.sort(rows, axis=1)
    valid = ordered >= 0
    valid[:, 1:] &= ordered[:, 1:] != ordered[:, :-1]
    counts = valid.sum(axis=1)
    joined = np.full((len(rows), padded_width(int(counts.max(initial=0)))), PADDING_ROW, np.int32)
    # A mask of the first `counts` places, line by line, takes the valid rows in just their order.
    joined[np.arange(joined.shape[1]) < counts[:, np.newaxis]] = ordered[valid]
    return joined


def padded_width(longest: int) -> int:
    """Returns how wide a rectangle of row sets is by its longest: a power of two, at least 64."""
    return max(_MIN_WIDTH, 1 << (longest - 1).bit_length())
