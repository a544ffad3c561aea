from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.jobs.checks import PAIRS
from server.jobs.errors import JobError, OtherJobError
from server.jobs.files import check_file_system, path_in, whole_file
from server.jobs.job import Job, claimed_release, stage
from server.jobs.parts import part_name, read_counts
from server.jobs.progress import progress_line

JOB = Job("watch", "rank_fusion", 0.5, 20, False, 3, "2026-11-21T12:00:00+00:00", 1000, 300, "ab" * 32)


def pairs(numbers: list[int]) -> pa.RecordBatch:
    columns = [[f"a{i}" for i in numbers], [f"b{i}" for i in numbers], numbers]
    return pa.record_batch([pa.array(column, field.type) for column, field in zip(columns, PAIRS, strict=True)], PAIRS)


@given(cuts=st.lists(st.integers(0, 50), max_size=6), size=st.integers(1, 20))
def test_pairs_are_staged_in_order_however_they_come(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int], size: int
) -> None:
    output = str(tmp_path_factory.getbasetemp())
    edges = [0, *sorted(cuts), 50]
    staged = stage(output, [pairs(list(range(a, b))) for a, b in pairwise(edges)], size)
    whole = stage(output, [pairs(list(range(50)))], size)
    assert (staged.num_pairs, staged.sha256) == (50, whole.sha256)
    with pa.OSFile(staged.path) as file:
        reader = pa.ipc.open_file(file)
        parts = [reader.get_batch(i)["first_weight_millionths"].to_pylist() for i in range(-(-50 // size))]
    assert parts == [list(range(start, min(start + size, 50))) for start in range(0, 50, size)]


def test_nothing_is_staged_as_one_empty_part(tmp_path: Path) -> None:
    staged = stage(str(tmp_path), [], 10)
    with pa.OSFile(staged.path) as file:
        assert pa.ipc.open_file(file).get_batch(0).num_rows == 0
    assert replace(JOB, num_pairs=0).num_parts == 1


def test_pairs_that_fail_leave_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        stage(str(tmp_path), interrupted(), 10)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def interrupted() -> Iterator[pa.RecordBatch]:
    yield pairs(list(range(20)))
    raise KeyboardInterrupt


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"[]", b'{"top": 20}'])
def test_folder_of_a_damaged_job_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "_job.json").write_bytes(content)
    for ask in (JOB.claim, claimed_release):
        with pytest.raises(OtherJobError, match=r"_job\.json tells no job: .*; choose another folder"):
            ask(str(tmp_path))


def test_unknown_file_system_is_refused() -> None:
    check_file_system("/tmp/x")
    with pytest.raises(JobError, match="nope://x/y cannot be used"):
        check_file_system("nope://x/y")


def test_output_folder_is_for_one_job(tmp_path: Path) -> None:
    output = str(tmp_path)
    assert claimed_release(output) is None
    JOB.claim(output)
    JOB.claim(output)
    assert claimed_release(output) == 3
    with pytest.raises(OtherJobError, match="top is 20 there, 10 here; release_version is 3 there, 4 here; choose"):
        replace(JOB, top=10, release_version=4).claim(output)
    JOB.claim(output)


def test_file_has_its_name_only_when_it_is_whole(tmp_path: Path) -> None:
    with suppress(RuntimeError), whole_file(str(tmp_path), "it") as file:
        file.write(b"half")
        raise RuntimeError
    assert not (tmp_path / "it").exists()
    with whole_file(str(tmp_path), "it") as file:
        file.write(b"whole")
    assert (tmp_path / "it").read_bytes() == b"whole"


@pytest.mark.parametrize("content", [b"", b"PAR1 and no more", b"x" * 1000])
def test_damaged_part_counts_as_missing(tmp_path: Path, content: bytes) -> None:
    path = Path(path_in(str(tmp_path), part_name(0)))
    assert read_counts(str(tmp_path), JOB, 0) is None
    path.parent.mkdir()
    path.write_bytes(content)
    assert read_counts(str(tmp_path), JOB, 0) is None


def test_part_of_another_job_counts_as_missing(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    notes = {"pairrec.job": JOB.digest, "pairrec.pairs_without_list": "1"}
    pq.write_table(pa.table({"rank": [1, 2]}).replace_schema_metadata(notes), tmp_path / part_name(0))
    assert read_counts(str(tmp_path), JOB, 0) == (2, 1)
    assert read_counts(str(tmp_path), replace(JOB, top=10), 0) is None


def test_progress_tells_pairs_rate_and_time_left() -> None:
    assert progress_line(JOB, 1, 3, 2.0) == "900 of 1,000 pairs, 300 a second, 0 s left"
    assert progress_line(JOB, 0, 4, 1.0) == "1,000 of 1,000 pairs, 1,000 a second, 0 s left"
    assert progress_line(JOB, 2, 2, 5.0) == "600 of 1,000 pairs, 0 a second, time left unknown"
