"""Reads pairs from CSV, Parquet or a list of people, as Arrow batches of text with the line each came from."""

import csv
from collections.abc import Iterator, Sequence
from math import isqrt
from pathlib import PurePath
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from server.jobs.errors import PairsError
from server.jobs.files import open_file

_REQUIRED = ("first", "second")
_TEXTS = (*_REQUIRED, "first_weight")
# What is read: text, null where there is none; `reason` where a line is no pair at all.
READ = pa.schema([("line", pa.int64()), *((name, pa.string()) for name in (*_TEXTS, "reason"))])
# What stands for bytes that are not UTF-8.
REPLACEMENT = "\ufffd"
_BATCH = 65_536


def read_pairs(path: str) -> Iterator[pa.RecordBatch]:
    """Reads a file of pairs, Parquet by its ending, else CSV, as batches of the schema READ.

    CSV may have a heading that names the columns `first`, `second` and perhaps `first_weight`, in any order and among
    others; without one it has just these. The line of a row of Parquet is its number from 1.

    Raises:
        PairsError: The file is not there, not of its kind, or has no such columns.
    """
    try:
        yield from _read_parquet(path) if PurePath(path).suffix == ".parquet" else _read_csv(path)
    except (OSError, UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise PairsError(f"{path} cannot be read: {error}") from error


def pair_all(path: str) -> Iterator[pa.RecordBatch]:
    """Pairs each person in a file with everyone else, once; the file has a user id a line.

    Pairs come tile by tile: those near each other are of few people. The line is that of the second's id; an id that
    comes again is no pair.

    Raises:
        PairsError: The file is not there or not UTF-8.
    """
    try:
        with open_file(path) as file:
            lines = [line.strip() for line in file.read().decode("utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        raise PairsError(f"{path} cannot be read: {error}") from error
    lines_of: dict[str, int] = {}
    again = [(i, line) for i, line in enumerate(lines, 1) if line and lines_of.setdefault(line, i) != i]
    yield _batch([i for i, _ in again], {"first": [line for _, line in again], "reason": ["comes again"] * len(again)})
    user_ids, line = pa.array(list(lines_of), pa.string()), np.array(list(lines_of.values()), np.int64)
    for first, second in _tiles(len(user_ids)):
        yield _batch(line[second], {"first": user_ids.take(first), "second": user_ids.take(second)})


def _tiles(num_people: int) -> Iterator[Any]:
    """Yields the places of firsts and seconds, all first < second, a tile at a time."""
    side = isqrt(_BATCH)
    starts = range(0, num_people, side)
    for top, left in ((top, left) for top in starts for left in starts if left >= top):
        first, second = np.mgrid[top : min(top + side, num_people), left : min(left + side, num_people)]
        once = first < second
        yield pa.array(first[once]), pa.array(second[once])


def _read_parquet(path: str) -> Iterator[pa.RecordBatch]:
    with open_file(path) as opened:
        file, line = pq.ParquetFile(opened), 1
        for batch in file.iter_batches(_BATCH, columns=_wanted(path, file.schema_arrow.names)):
            columns = zip(batch.schema.names, batch.columns, strict=True)
            yield _batch(
                np.arange(line, line + len(batch)), {name: values.cast(pa.string()) for name, values in columns}
            )
            line += len(batch)


def _read_csv(path: str) -> Iterator[pa.RecordBatch]:
    names, num_headings = _heading(path)
    wanted = _wanted(path, names)
    odd: dict[int, str] = {}  # rows that the reader passes over, by their numbers

    def note(row: pa_csv.InvalidRow) -> str:
        odd[row.number] = f"has {row.actual_columns} columns, must have {row.expected_columns}"
        return "skip"

    with open_file(path) as file:
        batches = pa_csv.open_csv(
            file,
            # One thread: rows have no number otherwise.
            pa_csv.ReadOptions(use_threads=False, column_names=names, skip_rows_after_names=num_headings),
            pa_csv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(wanted, pa.binary()), include_columns=wanted),
        )
        line = 1 + num_headings
        for batch in batches:
            # The reader is ahead: some of the odd rows are in a later batch.
            lines = np.setdiff1d(np.arange(line, line + len(batch) + len(odd)), list(odd))[: len(batch)]
            yield _batch(lines, {name: _text(batch[name]) for name in wanted})
            line = lines.max(initial=line - 1) + 1
        yield _batch(list(odd), {"reason": list(odd.values())})


def _heading(path: str) -> tuple[list[str], int]:
    """Returns the names of a CSV file's columns, and how many lines of heading it has: 1 or 0."""
    with open_file(path) as file:
        [cells] = csv.reader([file.readline().decode("utf-8-sig")])
    cells = [cell.strip() for cell in cells]
    return (cells, 1) if "first" in cells else (list(_TEXTS[: len(cells)]), 0)


def _wanted(path: str, names: Sequence[str]) -> list[str]:
    if missing := [name for name in _REQUIRED if name not in names]:
        raise PairsError(f"{path} has no column {' and no '.join(missing)}; must have first,second[,first_weight]")
    return [name for name in _TEXTS if name in names]


def _text(values: pa.Array) -> pa.Array:
    """Reads cells as UTF-8 without the spaces around it; an empty one is null."""
    try:
        text = values.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([cell.as_py().decode(errors="replace") for cell in values], pa.string())
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), None, text)


def _batch(lines: Any, columns: dict[str, Any]) -> pa.RecordBatch:  # noqa: ANN401 - whatever Arrow takes as numbers
    columns = {"line": lines} | columns
    arrays = [pa.array(columns.get(field.name, [None] * len(lines)), field.type) for field in READ]
    return pa.record_batch(arrays, READ)
