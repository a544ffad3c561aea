"""Sets of catalogue rows as rectangles: models want one width a batch, and few different widths over time."""

from collections.abc import Sequence

import numpy as np

from server.recommender.models import PADDING_ROW, Rows

_MIN_WIDTH = 64


def pad_rows(row_sets: Sequence[Rows]) -> Rows:
    """Lays row sets of any length side by side.

    Returns:
        `[n, w] int32`, padded with -1; w is a power of two, at least 64.
    """
    padded = np.full((len(row_sets), _width(max(map(len, row_sets), default=0))), PADDING_ROW, np.int32)
    for line, rows in zip(padded, row_sets, strict=True):
        line[: len(rows)] = rows
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
    joined = np.full((len(rows), _width(int(counts.max(initial=0)))), PADDING_ROW, np.int32)
    # A mask of the first `counts` places, line by line, takes the valid rows in just their order.
    joined[np.arange(joined.shape[1]) < counts[:, np.newaxis]] = ordered[valid]
    return joined


def _width(longest: int) -> int:
    return max(_MIN_WIDTH, 1 << (longest - 1).bit_length())
