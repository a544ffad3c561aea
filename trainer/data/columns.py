"""Fields of text files as checked columns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from trainer.data.errors import DataError

# At most 18 digits: always fits int64.
_WHOLE_NUMBER = "^[0-9]{1,18}$"
_NUMBER = r"^-?[0-9]{1,9}(\.[0-9]{1,18})?$"
# Beyond the year 9999 it is no time in seconds; milliseconds are caught by it.
_MAX_TIMESTAMP = 253_402_300_799
# The start of a file, in which its first line is looked for, and what is no text.
HEAD_BYTES = 1 << 16


@dataclass(frozen=True, eq=False)
class Column:
    """One field of some lines of a file, as text.

    Attributes:
        path: The file.
        field: What it is called in messages.
        values: [n] Arrow strings.
        line: From a place in `values` to the line it is on.
    """

    path: Path
    field: str
    values: pa.Array
    line: Callable[[int], int] = lambda index: index + 1

    def take(self, index: NDArray[np.intp]) -> "Column":
        """Keeps the values at `index`, [m], in its order."""
        return Column(self.path, self.field, self.values.take(pa.array(index)), lambda i: self.line(int(index[i])))


def read_columns(path: Path, separator: str, fields: Sequence[str], *, rest_is_last: bool = False) -> list[Column]:
    """Reads a small file whose lines all hold the same fields, in UTF-8 or, where it is not that, in latin-1.

    A missing newline at the end and empty lines there are accepted; quotes mean nothing.

    Args:
        path: The file.
        separator: What stands between two fields.
        fields: The fields' names, in their order on the line.
        rest_is_last: Whether further separators on a line belong to the last field.

    Returns:
        One column a field, in the order of `fields`, with at least one value each.

    Raises:
        DataError: The file is missing, unreadable, empty or no text, or a line has another number of fields.
    """
    with open_file(path) as file:
        content = file.read()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    text = text.replace("\r\n", "\n").rstrip("\n")
    if not text:
        raise DataError(f"{path}: {EMPTY}")
    lines = Column(path, "the line", pa.array(text.split("\n")))
    count = len(fields)
    split = [line.split(separator, count - 1 if rest_is_last else -1) for line in lines.values.to_pylist()]
    require(lines, [len(values) == count for values in split], fields_allowed(count, separator))
    return [Column(path, *column) for column in zip(fields, map(pa.array, zip(*split, strict=True)), strict=True)]


EMPTY = "the file is empty, allowed is at least one line; fetch or write it again"


def fields_allowed(count: int, separator: str) -> str:
    """Says how many fields a line has to have."""
    return f"{count} fields separated by {separator!r}"


def open_file(path: Path) -> pa.NativeFile:
    """Opens a text file, one compressed with gzip included (by its name's end).

    Raises:
        DataError: It is missing, unreadable, or in no encoding that is read.
    """
    try:
        path.open("rb").close()
        with pa.input_stream(str(path)) as file:
            start = file.read(HEAD_BYTES)
        opened = pa.input_stream(str(path))
    except OSError as error:
        raise unreadable(path, error) from error
    if b"\0" in start:
        raise DataError(f"{path}: this is UTF-16 or no text at all, allowed is UTF-8; save it as UTF-8 and try again")
    return opened


def unreadable(path: Path, error: OSError) -> DataError:
    """Returns what to say of a file that the system does not give, or that is compressed and not whole."""
    way_out = f"give a folder that holds {path.name}" if error.errno else "it is damaged: fetch or write it again"
    return DataError(f"{path}: cannot be read ({error.strerror or error}); {way_out}")


def whole_numbers(column: Column, low: int, high: int) -> NDArray[np.int64]:
    """Reads a column of whole numbers from `low` to `high`, both included, neither negative.

    Returns:
        [n] int64.

    Raises:
        DataError: A value is no such number.
    """
    allowed = f"a whole number from {low} to {high}"
    require(column, _matches(column, _WHOLE_NUMBER), allowed)
    numbers = column.values.cast(pa.int64()).to_numpy()
    require(column, (low <= numbers) & (numbers <= high), allowed)
    return numbers


def stars(column: Column, low: float, high: float, step: float = 0.0) -> NDArray[np.float32]:
    """Reads a column of ratings from `low` to `high`, both included.

    Args:
        column: The column.
        low: The least.
        high: The most.
        step: What every rating is a multiple of, 0 for nothing.

    Returns:
        [n] float32.

    Raises:
        DataError: A value is no such number.
    """
    kind, hint = ("whole or half stars", "") if step else ("a number", " (another scale: --scale)")
    allowed = f"{kind} from {low:g} to {high:g}{hint}"
    require(column, _matches(column, _NUMBER), allowed)
    numbers = column.values.cast(pa.float64()).to_numpy()
    fits = (numbers % step == 0) if step else True
    require(column, (low <= numbers) & (numbers <= high) & fits, allowed)
    return numbers.astype(np.float32)


def seconds(column: Column) -> NDArray[np.int64]:
    """Reads a column of times: Unix seconds, or dates and times by ISO 8601, in UTC where they name no zone.

    Returns:
        [n] int64 Unix seconds.

    Raises:
        DataError: A value is no such time, or before 1970 or after the year 9999.
    """
    allowed = f"Unix seconds from 0 to {_MAX_TIMESTAMP}, or a date such as 2005-09-06"
    if all(_matches(column, _WHOLE_NUMBER)):
        numbers = column.values.cast(pa.int64()).to_numpy()
    else:
        # Dates repeat: each is read once.
        distinct = column.values.dictionary_encode()
        found = np.array([_second(text) for text in distinct.dictionary.to_pylist()], np.int64)
        numbers = found[distinct.indices.to_numpy()]
    require(column, (numbers >= 0) & (numbers <= _MAX_TIMESTAMP), allowed)
    return numbers


def _second(text: str) -> int:
    """Returns a time in Unix seconds, -1 for what is none."""
    if text.isascii() and text.isdigit() and len(text) <= 18:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
        return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    except (ValueError, OverflowError):
        return -1


def _matches(column: Column, pattern: str) -> NDArray[np.bool_]:
    return pc.match_substring_regex(column.values, pattern).to_numpy(zero_copy_only=False)


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
        place = f"{column.path}, line {column.line(index)}"
        said = f"{column.field} is {column.values[index].as_py()[:80]!r}, allowed is {allowed}"
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
