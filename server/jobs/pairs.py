"""Reads pairs from CSV, Parquet or a list of people, as Arrow batches of text with the line each came from."""

import csv
import zlib
from collections.abc import Callable, Iterator, Sequence
from math import isqrt
from pathlib import PurePath
from typing import Any, BinaryIO

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
# What a file raises that is not there or not of its kind.
_UNREADABLE = (OSError, EOFError, UnicodeDecodeError, zlib.error, csv.Error, pa.ArrowException)
_HEADING = "looks like a heading: neither id is known; a heading is first,second[,first_weight]"
Known = Callable[[pa.Array], np.ndarray]


def read_pairs(path: str, known: Known) -> Iterator[pa.RecordBatch]:
    """Reads a file of pairs, Parquet by its ending, else CSV, as batches of the schema READ.

    CSV may have a heading that names the columns `first`, `second` and perhaps `first_weight`, in any order and among
    others; without one it has just these, and a first line of two people unknown is taken for a heading and no pair.
    The line of a row of Parquet is its number from 1.

    Args:
        path: Of the file, on any file system that Beam knows.
        known: Tells which of some user ids, null among them, are of people the release knows.

    Raises:
        PairsError: The file is not there, not of its kind, has no such columns, or a quote in it is not closed.
    """
    try:
        yield from _read_parquet(path) if PurePath(path).suffix == ".parquet" else _read_csv(path, known)
    except _UNREADABLE as error:
        raise PairsError(f"{path} cannot be read: {error}") from error


def pair_all(path: str) -> Iterator[pa.RecordBatch]:
    """Pairs each person in a file with everyone else, once; the file has a user id a line.

    Pairs come tile by tile: those near each other are of few people. The line is that of the second's id; an id that
    comes again is no pair.

    Raises:
        PairsError: The file is not there, not UTF-8, or has a line with a comma.
    """
    try:
        with open_file(path) as file:
            lines = [line.strip() for line in file.read().decode("utf-8-sig").splitlines()]
    except _UNREADABLE as error:
        raise PairsError(f"{path} cannot be read: {error}") from error
    if columns := [i for i, line in enumerate(lines, 1) if "," in line]:
        raise PairsError(f"{path} line {columns[0]}: has a comma, must have one user id; a file of pairs is --pairs")
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
            yield _batch(np.arange(line, line + len(batch)), {name: _text(values) for name, values in columns})
            line += len(batch)


class _OddRows:
    """Rows of a CSV file that its reader passes over, by their numbers; it is ahead of the batches it has given."""

    def __init__(self) -> None:
        self.reasons: dict[int, str] = {}
        self.unclosed: list[int] = []
        self._num_told = 0

    def note(self, row: pa_csv.InvalidRow) -> str:
        if "\n" in row.text or "\r" in row.text:
            self.unclosed.append(row.number)
        self.reasons[row.number] = f"has {row.actual_columns} columns, must have {row.expected_columns}"
        return "skip"

    def untold(self) -> pa.RecordBatch:
        """Returns those noted since it was last asked."""
        rows = list(self.reasons.items())[self._num_told :]
        self._num_told += len(rows)
        return _batch([number for number, _ in rows], {"reason": [reason for _, reason in rows]})


def _read_csv(path: str, known: Known) -> Iterator[pa.RecordBatch]:
    names, num_headings = _heading(path)
    wanted = _wanted(path, names)
    odd = _OddRows()
    with open_file(path) as file:
        line = 1 + num_headings
        for batch in _csv_batches(file, names, num_headings, odd.note):
            passed = list(odd.reasons)
            lines = np.setdiff1d(np.arange(line, line + len(batch) + len(passed)), passed)[: len(batch)]
            _check_quotes([*odd.unclosed, *lines[_broken(batch)]])
            columns = {name: _text(batch[name]) for name in wanted}
            if len(lines) and lines[0] == 1 and not any(known(columns[name][:1])[0] for name in _REQUIRED):
                columns["reason"] = [_HEADING, *[None] * (len(lines) - 1)]
            yield _batch(lines, columns)
            yield odd.untold()
            line = lines.max(initial=line - 1) + 1
    _check_quotes(odd.unclosed)
    yield odd.untold()


def _csv_batches(
    file: BinaryIO, names: list[str], num_headings: int, note: Callable[[pa_csv.InvalidRow], str]
) -> pa_csv.CSVStreamingReader:
    # All columns: a stray quote in any takes in the rows after it.
    every = list(dict.fromkeys(names))
    return pa_csv.open_csv(
        file,
        # One thread: rows have no number otherwise.
        pa_csv.ReadOptions(use_threads=False, column_names=names, skip_rows_after_names=num_headings),
        pa_csv.ParseOptions(invalid_row_handler=note, ignore_empty_lines=False),
        pa_csv.ConvertOptions(column_types=dict.fromkeys(every, pa.binary()), include_columns=every),
    )


def _broken(batch: pa.RecordBatch) -> np.ndarray:
    """Returns which rows go over more than a line, `[n] bool`."""
    broken = [pc.match_substring_regex(column, "[\r\n]").to_numpy(zero_copy_only=False) for column in batch.columns]
    flags: np.ndarray = np.logical_or.reduce(broken)
    return flags


def _check_quotes(unclosed: Sequence[int]) -> None:
    if unclosed:
        raise PairsError(f"line {min(unclosed)}: a quote is not closed")


def _heading(path: str) -> tuple[list[str], int]:
    """Returns the names of a CSV file's columns, and how many lines of heading it has: 1 or 0."""
    with open_file(path) as file:
        [cells] = csv.reader([file.readline().decode("utf-8-sig")])
    _check_quotes([1] if any("\n" in cell or "\r" in cell for cell in cells) else [])
    cells = [cell.strip().casefold() for cell in cells]
    return (cells, 1) if "first" in cells else (list(_TEXTS[: len(cells)]), 0)


def _wanted(path: str, names: Sequence[str]) -> list[str]:
    if missing := [name for name in _REQUIRED if name not in names]:
        raise PairsError(f"{path} has no column {' and no '.join(missing)}; must have first,second[,first_weight]")
    return [name for name in _TEXTS if name in names]


def _text(values: pa.Array) -> pa.Array:
    """Reads cells of any type as UTF-8 without the spaces around it; an empty one is null."""
    try:
        text = values.cast(pa.string())
    except pa.ArrowInvalid:
        text = pa.array([(cell.as_py() or b"").decode(errors="replace") for cell in values], pa.string())
    text = pc.utf8_trim_whitespace(text)
    return pc.if_else(pc.equal(text, ""), None, text)


def _batch(lines: Any, columns: dict[str, Any]) -> pa.RecordBatch:  # noqa: ANN401 - whatever Arrow takes as numbers
    columns = {"line": lines} | columns
    arrays = [pa.array(columns.get(field.name, [None] * len(lines)), field.type) for field in READ]
    return pa.record_batch(arrays, READ)
