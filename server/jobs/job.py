"""What a job makes, and the one job that an output folder is for."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

import pyarrow as pa
from apache_beam.io.filesystems import FileSystems

from server.jobs.checks import PAIRS
from server.jobs.errors import OtherJobError
from server.jobs.files import new_file, path_in, read_if_there, remove, whole_file

_NAME = "_job.json"


@dataclass(frozen=True)
class Job:
    """What is made; another value of any of these is another job.

    Attributes:
        objective: A value of `Objective`.
        strategy: A value of `Strategy`.
        first_weight: Of pairs that come with none.
        top: How many movies a pair.
        reject_unknown: Whether people unknown to the release are rejected.
        release_version: The release that answers.
        release_created: When it was exported: another release may come to its number.
        num_pairs: How many good pairs there are.
        pairs_per_part: How many of them a file of the output holds.
        pairs_sha256: Of the good pairs, in their order.
    """

    objective: str
    strategy: str
    first_weight: float
    top: int
    reject_unknown: bool
    release_version: int
    release_created: str
    num_pairs: int
    pairs_per_part: int
    pairs_sha256: str

    @property
    def num_parts(self) -> int:
        """How many files the output has: one at least, be it without a row."""
        return max(1, -(-self.num_pairs // self.pairs_per_part))

    @property
    def digest(self) -> str:
        """What tells this job from others."""
        return sha256(json.dumps(asdict(self)).encode()).hexdigest()

    def claim(self, output: str) -> None:
        """Makes the output folder this job's.

        Raises:
            OtherJobError: It is another's, or what it says of that is damaged.
        """
        theirs = _claimed(output)
        if theirs is None:
            with whole_file(output, _NAME) as file:
                file.write(json.dumps(asdict(self), indent=2).encode())
            return
        differing = [
            f"{name} is {theirs[name]} there, {ours} here"
            for name, ours in asdict(self).items()
            if theirs[name] != ours
        ]
        if differing:
            raise OtherJobError(
                f"{output} is another job's: {'; '.join(differing)}; choose another folder, or empty it"
            )


def claimed_release(output: str) -> int | None:
    """Returns the release of the job that an output folder is for; None where it is for none yet.

    Raises:
        OtherJobError: What the folder says of its job is damaged.
    """
    kept = _claimed(output)
    return int(kept["release_version"]) if kept else None


def _claimed(output: str) -> dict[str, Any] | None:
    kept = read_if_there(output, _NAME)
    if kept is None:
        return None
    try:
        return asdict(Job(**json.loads(kept)))
    except (ValueError, TypeError) as error:
        raise OtherJobError(
            f"{path_in(output, _NAME)} tells no job: {error}; choose another folder, or empty it"
        ) from error


@dataclass(frozen=True)
class StagedPairs:
    """The good pairs of a job where every worker can read them: an Arrow file with a record batch a part."""

    path: str
    num_pairs: int
    sha256: str


def stage(output: str, batches: Iterable[pa.RecordBatch], pairs_per_part: int) -> StagedPairs:
    """Writes batches of the schema PAIRS as batches of so many pairs each, the last of what is left.

    No file stays where that fails.
    """
    path = new_file(output)
    try:
        return _write_pairs(path, batches, pairs_per_part)
    except BaseException:
        remove(path)
        raise


def _write_pairs(path: str, batches: Iterable[pa.RecordBatch], pairs_per_part: int) -> StagedPairs:
    digest, num_pairs = sha256(), 0
    with FileSystems.create(path) as file, pa.ipc.new_file(file, PAIRS) as writer:
        for part in _regrouped(batches, pairs_per_part):
            writer.write_batch(part)
            digest.update(part.serialize())
            num_pairs += len(part)
    return StagedPairs(path, num_pairs, digest.hexdigest())


def _regrouped(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    kept = PAIRS.empty_table()
    for batch in batches:
        kept = pa.concat_tables([kept, pa.Table.from_batches([batch])])
        while len(kept) >= size:
            yield _one_batch(kept.slice(0, size))
            kept = kept.slice(size)
    yield _one_batch(kept)


def _one_batch(table: pa.Table) -> pa.RecordBatch:
    # By copies: what a slice is written as depends on where it begins.
    return pa.concat_batches([*table.to_batches(), pa.RecordBatch.from_pylist([], PAIRS)])
