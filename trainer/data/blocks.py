"""Large tables, a block of rows at a time, every field as text: separated text files and Parquet."""

import codecs
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from trainer.data.columns import EMPTY, HEAD_BYTES, Column, fields_allowed, open_file, require, unreadable
from trainer.data.errors import DataError

# Bytes of text and rows of Parquet that are in memory at once.
_BLOCK_BYTES, _BLOCK_ROWS = 1 << 24, 1 << 20


@dataclass(frozen=True)
class TextTable:
    """How a text file's lines are made.

    Attributes:
        separator: What stands between two fields.
        names: The fields of a line in their order; empty: the first line names them.
        quoted: Whether a field may stand in double quotes.
        sectioned: Whether lines such as "12:" stand before those that belong to 12: their field is `SECTION`.
    """

    separator: str
    names: tuple[str, ...] = ()
    quoted: bool = False
    sectioned: bool = False


SECTION = "section"
_ONLY_HEADER = "no line follows the header, allowed is at least one; fetch or write it again"
# What the names begin with that fields get which have to be empty.
_GAP = "before "


@dataclass(frozen=True)
class Block:
    """Some rows of a file that follow each other; `columns` are [n] Arrow strings, those of `SECTION` included."""

    path: Path
    columns: dict[str, pa.Array]
    lines: NDArray[np.int64]

    def column(self, name: str) -> Column:
        """Returns a field of all rows."""
        return Column(self.path, name, self.columns[name], self.line)

    def line(self, row: int) -> int:
        """Returns the line a row is on."""
        return int(self.lines[row])

    def distinct(self, name: str) -> tuple[Column, NDArray[np.int32]]:
        """Returns the values of a field, each once where it comes first, and which of them each row has, [n]."""
        encoded = self.columns[name].dictionary_encode()
        codes = encoded.indices.to_numpy()
        return Column(self.path, name, encoded.dictionary, lambda code: self.line(int(np.argmax(codes == code)))), codes


def header_of(path: Path, separator: str) -> list[str]:
    """Returns the fields of the first line.

    Raises:
        DataError: The file cannot be read or is empty.
    """
    with open_file(path) as file:
        start = file.read(HEAD_BYTES)
    line = start.decode("utf-8-sig", "replace").splitlines()[:1]
    if not line:
        raise DataError(f"{path}: {EMPTY}")
    return [name.strip() for name in next(csv.reader(line, delimiter=separator))]


def read_text(path: Path, table: TextTable, wanted: Sequence[str]) -> Iterator[Block]:
    """Yields the fields `wanted` of a text file; the file is never held as a whole.

    Empty lines at the end are accepted.

    Raises:
        DataError: The file cannot be read, is empty or not UTF-8, its first line does not name a field, or a line has
            another number of fields.
    """
    names = list(table.names) or header_of(path, table.separator)
    require_fields(path, names, wanted)
    lines = _Lines(path, table, len(names))
    with open_file(path) as file:
        try:
            for batch in arrow_csv.open_csv(
                pa.PythonFile(_Utf8(path, file), mode="r"), *_options(table, names, wanted, lines)
            ):
                yield from lines.block(batch)
        except OSError as error:
            raise unreadable(path, error) from error
        except pa.ArrowInvalid as error:
            lines.stop()
            if "Empty CSV" not in str(error) and "Could not skip" not in str(error):
                message = f"cannot be read after line {lines.num_rows} ({error}); look for a quote that is not closed"
                raise DataError(f"{path}: {message}") from error
    if not lines.has_rows:
        raise DataError(f"{path}: {EMPTY if table.names else _ONLY_HEADER}")


def read_whole(path: Path, table: TextTable, wanted: Sequence[str]) -> list[Column]:
    """Reads the fields `wanted` of a small text file.

    Raises:
        DataError: As `read_text`.
    """
    return joined(list(read_text(path, table, wanted)), wanted)


def joined(blocks: Sequence[Block], wanted: Sequence[str]) -> list[Column]:
    """Returns the columns `wanted` of all blocks of a file."""
    whole = {name: pa.concat_arrays([block.columns[name] for block in blocks]) for name in wanted}
    block = Block(blocks[0].path, whole, np.concatenate([block.lines for block in blocks]))
    return [block.column(name) for name in wanted]


def read_parquet(path: Path, wanted: Sequence[str]) -> Iterator[Block]:
    """Yields the columns `wanted` of a Parquet file; where messages say line, rows are counted from 1.

    Raises:
        DataError: The file cannot be read, is empty, or has no such column.
    """
    try:
        with pq.ParquetFile(path) as file:
            require_fields(path, file.schema_arrow.names, wanted)
            if not file.metadata.num_rows:
                raise DataError(f"{path}: {EMPTY}")
            first = 1
            for batch in file.iter_batches(_BLOCK_ROWS, columns=list(wanted)):
                texts = {name: _shown(batch[name]) for name in wanted}
                yield Block(path, texts, np.arange(first, first + len(batch)))
                first += len(batch)
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}); write it again") from error


def require_fields(path: Path, names: Sequence[str], wanted: Sequence[str]) -> None:
    """Stops where a file has not all fields that are wanted of it."""
    for name in wanted:
        if names.count(name) != 1:
            found = f"column {name!r} is there {names.count(name)} times, allowed is once; found are"
            raise DataError(f"{path}, line 1: {found} {', '.join(map(repr, names))[:300]}; see --columns")


class _Lines:
    """Counts the lines of one file, those between rows included, and remembers the first that is none."""

    def __init__(self, path: Path, table: TextTable, num_fields: int) -> None:
        self._path, self._sectioned = path, table.sectioned
        self._allowed = fields_allowed(num_fields, table.separator)
        self.num_rows, self.has_rows = 0, False
        # Lines that hold no row, by number, and the section that begins with each.
        self._between: list[tuple[int, str]] = [] if table.names else [(1, "")]
        self._bad: Column | None = None
        self._empty: Column | None = None

    def on_other(self, row: arrow_csv.InvalidRow) -> str:
        """Takes a line with another number of fields than rows have; Arrow reads ahead of the blocks it yields."""
        if self._sectioned and row.text.endswith(":"):
            self._between.append((row.number, row.text[:-1]))
            return "skip"
        self._bad = self._bad or Column(self._path, "the line", pa.array([row.text]), lambda _: int(row.number))
        return "error"

    def block(self, batch: pa.RecordBatch) -> Iterator[Block]:
        """Yields the rows of `batch`, where it has any that are not empty."""
        index = np.arange(self.num_rows, self.num_rows + len(batch))
        numbers = np.array([number for number, _ in self._between], np.int64)
        section = np.searchsorted(numbers - 1 - np.arange(len(numbers)), index, side="right")
        self.num_rows += len(batch)
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        if self._sectioned:
            names = pa.array(["", *(name for _, name in self._between)])
            columns[SECTION] = pa.DictionaryArray.from_arrays(pa.array(section, pa.int32()), names).dictionary_decode()
        block = Block(self._path, columns, 1 + index + section)
        for name in [name for name in columns if name.startswith(_GAP)]:
            gap = Column(self._path, "between two separators", columns.pop(name), block.line)
            require(gap, pc.binary_length(gap.values).to_numpy() == 0, "nothing")
        yield from self._without_empty(block)

    def stop(self) -> None:
        """Raises DataError where a line was none, as Arrow stops there."""
        if self._bad:
            require(self._bad, [False], self._allowed)

    def _without_empty(self, block: Block) -> Iterator[Block]:
        """Leaves out empty lines, which nothing but empty lines may follow."""
        fields = [values for name, values in block.columns.items() if name != SECTION]
        filled = np.any([pc.binary_length(values).to_numpy() > 0 for values in fields], axis=0)
        last = int(np.flatnonzero(filled)[-1]) + 1 if filled.any() else 0
        if last and self._empty:
            require(self._empty, [False], self._allowed)
        if last < len(filled) or not filled[:last].all():
            first = int(block.lines[np.argmin(filled)])
            self._empty = self._empty or Column(self._path, "the line", pa.array([""]), lambda _: first)
            require(self._empty, [bool(filled[:last].all())], self._allowed)
        if last:
            self.has_rows = True
            texts = {name: values[:last] for name, values in block.columns.items()}
            yield Block(self._path, texts, block.lines[:last])


def _options(
    table: TextTable, names: Sequence[str], wanted: Sequence[str], lines: _Lines
) -> tuple[arrow_csv.ReadOptions, arrow_csv.ParseOptions, arrow_csv.ConvertOptions]:
    # Arrow separates by one character: by two, with an empty field between any two others.
    gaps = [f"{_GAP}{name}" for name in names[1:]] if len(table.separator) > 1 else []
    places = [names[0], *chain.from_iterable(zip(gaps, names[1:], strict=True))] if gaps else list(names)
    read = [*wanted, *gaps]
    return (
        # With threads Arrow does not say which line has another number of fields.
        arrow_csv.ReadOptions(
            use_threads=False,
            block_size=_BLOCK_BYTES,
            column_names=places,
            skip_rows=0 if table.names else 1,
        ),
        arrow_csv.ParseOptions(
            delimiter=table.separator[0],
            quote_char='"' if table.quoted else False,
            ignore_empty_lines=False,
            invalid_row_handler=lines.on_other,
        ),
        arrow_csv.ConvertOptions(check_utf8=False, include_columns=read, column_types=dict.fromkeys(read, pa.string())),
    )


class _Utf8:
    """A file to read from, in which the first line that is no UTF-8 is named: Arrow itself would lose its number."""

    closed = False

    def __init__(self, path: Path, file: pa.NativeFile) -> None:
        self._path, self._file = path, file
        self._decode = codecs.getincrementaldecoder("utf-8")().decode
        self._lines = 0

    def read(self, size: int) -> bytes:
        """Returns the next bytes, at most `size`; none at the end."""
        content: bytes = self._file.read(size)
        try:
            self._decode(content, final=not content)
        except UnicodeDecodeError as error:
            number = 1 + self._lines + error.object[: error.start].count(b"\n")
            line = error.object[: error.end].rpartition(b"\n")[2].decode("latin-1")
            message = f"line {number}: the line begins with {line[:80]!r}, allowed is text in UTF-8; save it as UTF-8"
            raise DataError(f"{self._path}, {message} and try again") from error
        self._lines += content.count(b"\n")
        return content


def _shown(values: pa.Array) -> pa.Array:
    """Returns Parquet values as text; what is missing as empty text."""
    if pa.types.is_timestamp(values.type):
        values = values.cast(pa.timestamp("s", values.type.tz), safe=False).cast(pa.int64())
    return values.cast(pa.string()).fill_null("")
