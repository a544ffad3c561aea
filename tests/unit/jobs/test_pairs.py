from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.jobs.errors import PairsError
from server.jobs.pairs import pair_all, read_pairs


def rows(batches: Iterable[pa.RecordBatch]) -> list[tuple]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], list[tuple]]:
    path = tmp_path / "pairs.csv"
    return lambda content: [path.write_bytes(content), rows(read_pairs(str(path)))][1]


@pytest.mark.parametrize(
    "content",
    [
        b"1,2,0.5\n3,4,\n",
        b"first,second,first_weight\n1,2,0.5\n3,4,\n",
        b'\xef\xbb\xbf"second","since","first_weight","first"\r\n2,x,0.5,1\r\n 4 ,y,,"3"',
    ],
)
def test_columns_go_by_heading_or_by_place(read: Callable[[bytes], list[tuple]], content: bytes) -> None:
    assert [row[1:4] for row in read(content)] == [("1", "2", "0.5"), ("3", "4", None)]


def test_bom_without_heading_is_no_part_of_an_id(read: Callable[[bytes], list[tuple]]) -> None:
    assert read(b"\xef\xbb\xbf1,2\n") == [(1, "1", "2", None, None)]


def test_every_line_comes_back_once_under_its_number(read: Callable[[bytes], list[tuple]]) -> None:
    lines = [f"{i},{i + 1}" if i % 1000 else "odd" for i in range(1, 200_000)]
    found = {row[0]: row for row in read("\n".join(lines).encode())}
    assert sorted(found) == list(range(1, 200_000))
    assert found[1] == (1, "1", "2", None, None)
    assert found[5000] == (5000, None, None, None, "has 1 columns, must have 2")
    assert found[199_999] == (199_999, "199999", "200000", None, None)


def test_what_is_not_utf8_comes_as_replacement(read: Callable[[bytes], list[tuple]]) -> None:
    assert read(b"1,2\n\xff,4\n") == [(1, "1", "2", None, None), (2, "\ufffd", "4", None, None)]


def test_parquet_ids_may_be_numbers_and_weights_missing(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    pq.write_table(pa.table({"second": [2, None], "other": [0, 0], "first": ["1", "3"]}), path)
    assert rows(read_pairs(str(path))) == [(1, "1", "2", None, None), (2, "3", None, None, None)]


@pytest.mark.parametrize("content", [b"", b"first,other\n1,2\n", b"1\n"])
def test_file_without_the_columns_is_refused(read: Callable[[bytes], list[tuple]], content: bytes) -> None:
    with pytest.raises(PairsError, match=r"pairs\.csv has no column .*second; must have first,second"):
        read(content)


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet"])
def test_missing_file_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(PairsError, match=name):
        list(read_pairs(str(tmp_path / name)))


def test_everyone_is_paired_with_everyone_else_once(tmp_path: Path) -> None:
    people = [f"u{i}" for i in range(600)]
    (tmp_path / "people").write_text("\n".join(people))
    pairs = [row[1:3] for row in rows(pair_all(str(tmp_path / "people")))]
    assert sorted(pairs) == sorted(combinations(people, 2))


def test_id_that_comes_again_is_no_pair(tmp_path: Path) -> None:
    (tmp_path / "people").write_text("a\n\nb\n a\n")
    again, pair = rows(pair_all(str(tmp_path / "people")))
    assert again == (4, "a", None, None, "comes again")
    assert pair == (3, "a", "b", None, None)
