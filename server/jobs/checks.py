"""Tells pairs that can be answered from rows that cannot, and says what is wrong with these."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from server.gateway.checks import MAX_ID_LENGTH
from server.jobs.errors import TooManyRejectsError
from server.jobs.files import whole_file
from server.jobs.pairs import READ, REPLACEMENT
from server.recommender.catalog import Catalog
from server.recommender.queries import MILLION

PAIRS = pa.schema([("first", pa.string()), ("second", pa.string()), ("first_weight_millionths", pa.int32())])
_NUMBER = r"^-?([0-9]{1,30}\.?[0-9]{0,30}|\.[0-9]{1,30})([eE][+-]?[0-9]{1,3})?$"


@dataclass
class Checker:
    """Checks rows as a gateway checks requests, and keeps what it rejects.

    Attributes:
        catalog: Of the release.
        first_weight: The weight, 0 to 1, of rows that give none.
        reject_unknown: Whether to reject people whom the catalogue does not know.
        max_rejects: How many bad rows there may be.
        rejects: The bad rows so far, each with its reason.
        num_unknown: In how many good pairs so far there is someone unknown.
    """

    catalog: Catalog
    first_weight: float
    reject_unknown: bool
    max_rejects: int
    rejects: list[pa.RecordBatch] = field(default_factory=list)
    num_unknown: int = 0

    def good_pairs(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Yields the good rows of batches of the schema READ, as batches of the schema PAIRS.

        Raises:
            TooManyRejectsError: There are more bad ones than there may be.
        """
        for batch in batches:
            weight = _weights(batch["first_weight"], self.first_weight)
            unknown = [~self.catalog.known(batch[name]) for name in ("first", "second")]
            reasons = self._reasons(batch, weight, unknown)
            good = reasons == ""
            self._reject(batch.filter(pa.array(~good)), reasons[~good])
            self.num_unknown += int((good & (unknown[0] | unknown[1])).sum())
            millionths = np.rint(weight[good] * MILLION).astype(np.int32)
            people = batch.filter(pa.array(good))
            yield pa.record_batch([people["first"], people["second"], millionths], PAIRS)

    def _reasons(self, batch: pa.RecordBatch, weight: np.ndarray, unknown: list[np.ndarray]) -> np.ndarray:
        """Returns what is wrong with each row first, empty where nothing is."""
        reasons = [(_flags(pc.is_valid(batch["reason"])), batch["reason"].to_numpy(zero_copy_only=False))]
        for name, is_unknown in zip(("first", "second"), unknown, strict=True):
            length = pc.utf8_length(batch[name])
            reasons += [
                (_flags(pc.is_null(length)), f"{name} is missing"),
                (_flags(pc.greater(length, MAX_ID_LENGTH)), f"{name} has more than {MAX_ID_LENGTH} characters"),
                (_flags(pc.match_substring(batch[name], REPLACEMENT)), f"{name} is not UTF-8"),
                (is_unknown & self.reject_unknown, f"{name} is unknown to release {self.catalog.info.version}"),
            ]
        reasons.append((_flags(pc.equal(batch["first"], batch["second"])), "first and second are the same"))
        reasons.append((~((weight >= 0) & (weight <= 1)), "first_weight is no number from 0 to 1"))
        return np.select([holds for holds, _ in reasons], [reason for _, reason in reasons], "")

    def _reject(self, rows: pa.RecordBatch, reasons: np.ndarray) -> None:
        if not len(rows):
            return
        self.rejects.append(rows.set_column(len(READ) - 1, "reason", pa.array(reasons.tolist(), pa.string())))
        count = sum(map(len, self.rejects))
        if count > self.max_rejects:
            first = pa.Table.from_batches(self.rejects).sort_by("line").slice(0, 1).to_pylist()[0]
            raise TooManyRejectsError(
                f"{count} bad rows or more, at most {self.max_rejects} may be; line {first['line']}: {first['reason']}"
            )


def _weights(text: pa.Array, default: float) -> np.ndarray:
    """Returns the weights `[n] float64`, NaN for what is no number."""
    number = pc.if_else(pc.match_substring_regex(text, _NUMBER), text, "nan")
    values = pc.fill_null(number.cast(pa.float64()), default)
    weights: np.ndarray = values.to_numpy(zero_copy_only=False)
    return weights


def _flags(values: pa.Array) -> np.ndarray:
    """Returns flags `[n] bool`; false for null."""
    flags: np.ndarray = pc.fill_null(values, fill_value=False).to_numpy(zero_copy_only=False)
    return flags


def write_rejects(output: str, rejects: Sequence[pa.RecordBatch]) -> None:
    """Writes what was rejected to `rejects.parquet`, by line; a file without rows where nothing was."""
    with whole_file(output, "rejects.parquet") as file:
        pq.write_table(pa.Table.from_batches(rejects, READ).sort_by("line"), file)
