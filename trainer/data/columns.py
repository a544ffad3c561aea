"""Separated text files as checked columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trainer.data.errors import DataError

# At most 18 digits: always fits int64.
_WHOLE_NUMBER = re.compile("[0-9]{1,18}")
_STARS = re.compile(r"[0-9]{1,4}(\.[05])?")


@dataclass(frozen=True)
class Column:
    """One field of every line of a file, as text; line i + 1 holds `values[i]`."""

    path: Path
    field: str
    values: tuple[str, ...]


def read_columns(path: Path, separator: str, fields: Sequence[str]) -> list[Column]:
    """Reads a latin-1 file whose lines all hold the same fields.

    A missing newline at the end and empty lines there are accepted; quotes mean nothing.

    Args:
        path: The file.
        separator: What stands between two fields.
        fields: The fields' names, in their order on the line.

    Returns:
        One column a field, in the order of `fields`, with at least one value each.

    Raises:
        DataError: The file is missing, unreadable or empty, or a line has another number of fields.
    """
    try:
        text = path.read_text(encoding="latin-1").rstrip("\n")
    except OSError as error:
        message = f"{path}: cannot be read ({error.strerror}); give a folder that holds {path.name}"
        raise DataError(message) from error
    if not text:
        raise DataError(f"{path}: the file is empty, allowed is at least one line; fetch or write it again")
    lines = Column(path, "the line", tuple(text.split("\n")))
    split = [line.split(separator) for line in lines.values]
    count = len(fields)
    require(lines, [len(values) == count for values in split], f"{count} fields separated by {separator!r}")
    return [Column(path, *column) for column in zip(fields, zip(*split, strict=True), strict=True)]


def whole_numbers(column: Column, low: int, high: int) -> NDArray[np.int64]:
    """Reads a column of whole numbers from `low` to `high`, both included, neither negative.

    Returns:
        [n] int64.

    Raises:
        DataError: A value is no such number.
    """
    allowed = f"a whole number from {low} to {high}"
    require(column, [_WHOLE_NUMBER.fullmatch(value) is not None for value in column.values], allowed)
    numbers = np.array([int(value) for value in column.values], dtype=np.int64)
    require(column, (low <= numbers) & (numbers <= high), allowed)
    return numbers


def stars(column: Column, low: float, high: float) -> NDArray[np.float32]:
    """Reads a column of ratings in whole or half stars from `low` to `high`, both included.

    Returns:
        [n] float32.

    Raises:
        DataError: A value is no such number.
    """
    allowed = f"whole or half stars from {low:g} to {high:g}"
    require(column, [_STARS.fullmatch(value) is not None for value in column.values], allowed)
    numbers = np.array(column.values, dtype=np.float32)
    require(column, (low <= numbers) & (numbers <= high), allowed)
    return numbers


def require(column: Column, good: ArrayLike, allowed: str) -> None:
    """Stops at the first value of a column that is not good.

    Args:
        column: The column.
        good: [n] bool.
        allowed: What may stand there, for the message.

    Raises:
        DataError: Not all are good; names the first that is not.
    """
    bad = np.flatnonzero(~np.asarray(good, dtype=bool))
    if bad.size:
        index = int(bad[0])
        place = f"{column.path}, line {index + 1}"
        said = f"{column.field} is {column.values[index][:80]!r}, allowed is {allowed}"
        raise DataError(f"{place}: {said}; correct that line and try again")


def require_unique(column: Column, keys: ArrayLike) -> None:
    """Stops at the first line of a column whose key, [n], an earlier line has too.

    Raises:
        DataError: Two keys are equal; names the second.
    """
    keys = np.asarray(keys)
    good = np.zeros(len(keys), dtype=bool)
    good[np.unique(keys, return_index=True)[1]] = True
    require(column, good, "one that no earlier line has")
