import gzip
from collections.abc import Callable, Iterable
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.jobs.errors import PairsError
from server.jobs.pairs import pair_all, read_pairs


def everyone(user_ids: pa.Array) -> np.ndarray:
    return np.full(len(user_ids), True)


def rows(batches: Iterable[pa.RecordBatch]) -> list[tuple]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.fixture
def read(tmp_path: Path) -> Callable[[bytes], list[tuple]]:
    path = tmp_path / "pairs.csv"
    return lambda content: [path.write_bytes(content), rows(read_pairs(str(path), everyone))][1]


@pytest.mark.parametrize(
    "content",
    [
        b"1,2,0.5\n3,4,\n",
        b"first,second,first_weight\n1,2,0.5\n3,4,\n",
        b"First,SECOND,First_Weight\n1,2,0.5\n3,4,\n",
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
    assert rows(read_pairs(str(path), everyone)) == [(1, "1", "2", None, None), (2, "3", None, None, None)]


@pytest.mark.parametrize("content", [b"", b"first,other\n1,2\n", b"1\n"])
def test_file_without_the_columns_is_refused(read: Callable[[bytes], list[tuple]], content: bytes) -> None:
    with pytest.raises(PairsError, match=r"pairs\.csv has no column .*second; must have first,second"):
        read(content)


@pytest.mark.parametrize("name", ["missing.csv", "missing.parquet"])
def test_missing_file_is_refused_by_its_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(PairsError, match=name):
        list(read_pairs(str(tmp_path / name), everyone))


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


@pytest.mark.parametrize(
    "content",
    [
        b'1,2\n"3,4\n5,6\n7,8\n',
        b'1,2\n3,"4\n5,6\n7,8"\n',
        b'first,second,x\n"3",4,"\n5,6,"\n7,8,\n',
        b'1,2\n"3\r,4"\r\n',
    ],
)
def test_quote_that_takes_in_other_rows_is_refused(read: Callable[[bytes], list[tuple]], content: bytes) -> None:
    with pytest.raises(PairsError, match="line 2: a quote is not closed"):
        read(content)


def test_quote_that_takes_in_the_heading_is_refused(read: Callable[[bytes], list[tuple]]) -> None:
    with pytest.raises(PairsError, match="line 1: a quote is not closed"):
        read(b'first,second,"x\n1,2,3\n')


def test_parquet_cells_go_by_the_rules_of_csv(tmp_path: Path) -> None:
    path = tmp_path / "pairs.parquet"
    columns = {"first": [b" 1 ", b"\xff", None], "second": ["2", " ", "4"], "first_weight": ["", " .5", None]}
    pq.write_table(pa.table(columns), path)
    assert [row[1:4] for row in rows(read_pairs(str(path), everyone))] == [
        ("1", "2", None),
        ("\ufffd", None, ".5"),
        (None, "4", None),
    ]


@pytest.mark.parametrize(("known", "reads_as_heading"), [([], True), (["a"], False), (["b"], False)])
def test_first_line_of_nobody_known_is_taken_for_a_heading(
    tmp_path: Path, known: list[str], reads_as_heading: bool
) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("a,b\nc,d\n")
    found = rows(read_pairs(str(path), lambda ids: np.isin(ids.to_pylist(), known)))
    assert [row[:3] for row in found] == [(1, "a", "b"), (2, "c", "d")]
    assert [bool(row[4]) for row in found] == [reads_as_heading, False]


def test_odd_rows_come_before_the_file_is_read_through(tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    path.write_text("odd\n".join(["1,2\n", *["1,2\n" * 1_000_000] * 2]))
    batches = read_pairs(str(path), everyone)
    early = [next(batches) for _ in range(4)]
    assert "has 1 columns, must have 2" in [row[4] for row in rows(early)]


def test_odd_rows_at_the_end_are_all_told(read: Callable[[bytes], list[tuple]]) -> None:
    found = read(b"1,2\n" * 100_000 + b"odd\n" * 300_000)
    assert sum(row[4] is not None for row in found) == 300_000


@pytest.mark.parametrize("content", [b"1,2\n", gzip.compress(b"1,2\n")[:8], b"\x1f\x8b" + b"x" * 50])
def test_damaged_gzip_is_refused_by_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pairs.csv.gz"
    path.write_bytes(content)
    with pytest.raises(PairsError, match=r"pairs\.csv\.gz"):
        list(read_pairs(str(path), everyone))


def test_list_of_people_with_a_comma_is_refused(tmp_path: Path) -> None:
    (tmp_path / "people").write_text("a\nb,c\n")
    with pytest.raises(PairsError, match="line 2: has a comma"):
        list(pair_all(str(tmp_path / "people")))
