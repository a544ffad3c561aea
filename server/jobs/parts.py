"""The files of lists that a job puts out, one row a pair and rank."""

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from apache_beam.io.filesystems import FileSystems

from server.jobs.files import open_file, path_in, whole_file
from server.jobs.job import Job
from server.recommender.catalog import Catalog
from server.recommender.lists import Source
from server.recommender.pair_table import PairTable
from server.recommender.queries import MILLION

FOLDER = "lists"
_JOB, _EMPTY = b"pairrec.job", b"pairrec.pairs_without_list"


class PartCounts(NamedTuple):
    """How many rows a part has, and how many of its pairs got no movie."""

    rows: int
    pairs_without_list: int


def part_name(index: int) -> str:
    """Returns the name of a part in the output folder."""
    return f"{FOLDER}/part-{index:05d}.parquet"


def count_parts(output: str) -> int:
    """Returns how many parts there are by their names."""
    [found] = FileSystems.match([path_in(output, f"{FOLDER}/part-*.parquet")])
    return len(found.metadata_list)


def read_counts(output: str, job: Job, index: int) -> PartCounts | None:
    """Returns the counts of a part; None where it is not there, not whole or another job's."""
    path = path_in(output, part_name(index))
    if not FileSystems.exists(path):
        return None
    try:
        with open_file(path) as file:
            footer = pq.read_metadata(file)
    except (OSError, pa.ArrowException):
        return None
    notes = footer.metadata or {}
    if notes.get(_JOB) != job.digest.encode():
        return None
    return PartCounts(footer.num_rows, int(notes[_EMPTY]))


class PartWriter:
    """Writes the parts of a job."""

    def __init__(self, output: str, job: Job, catalog: Catalog) -> None:
        """Takes what every row of the job has or names."""
        self._output, self._job = output, job
        self._movies = {name: pa.array(catalog.column(name)) for name in ("movie_id", "title")}

    def write(self, index: int, pairs: pa.RecordBatch, lists: PairTable) -> None:
        """Writes one part: pairs of the schema PAIRS, and their lists."""
        rows = pa.table(self._columns(pairs, lists))
        without = len(pairs) - len(np.unique(lists.pair))
        with (
            whole_file(self._output, part_name(index)) as file,
            pq.ParquetWriter(file, rows.schema, compression="zstd") as writer,
        ):
            writer.write_table(rows)
            writer.add_key_value_metadata({_JOB: self._job.digest, _EMPTY: str(without)})

    def _columns(self, pairs: pa.RecordBatch, lists: PairTable) -> dict[str, pa.Array]:
        pair, rows = pa.array(lists.pair), pa.array(lists.movie_row)
        people = {name: pairs[name].take(pair) for name in ("first", "second")}
        millionths = pairs["first_weight_millionths"].to_numpy()[lists.pair]
        columns = people | {"first_weight": millionths / MILLION, "rank": lists.place}
        columns |= {name: texts.take(rows) for name, texts in self._movies.items()}
        columns["pair_score"] = lists.pair_score.astype(np.float32)
        for member, name in enumerate(people):
            columns[f"{name}_score"] = lists.score[:, member].astype(np.float32)
            columns[f"{name}_rank"] = lists.rank[:, member]
            columns[f"{name}_rating"] = lists.rating[:, member]
        columns["release_version"] = np.full(len(pair), self._job.release_version, np.int32)
        columns["source"] = pa.repeat(Source.MODEL.name, len(pair))
        return columns
