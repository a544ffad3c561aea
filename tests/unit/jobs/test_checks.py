from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.jobs.checks import Checker, write_rejects
from server.jobs.errors import TooManyRejectsError
from server.jobs.pairs import READ
from server.recommender.catalog import Catalog
from tests.tiny_release import STRANGER, random_release, write_catalog


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("catalog") / "1"
    write_catalog(folder, 1, random_release())
    return Catalog.open(folder)


def batch(*rows: tuple[str | None, str | None, str | None]) -> pa.RecordBatch:
    lines = [dict(zip(READ.names, (i, *row, None), strict=True)) for i, row in enumerate(rows, 1)]
    return pa.RecordBatch.from_pylist(lines, READ)


def good(checker: Checker, *rows: tuple[str | None, str | None, str | None]) -> list[tuple]:
    return [tuple(row.values()) for one in checker.good_pairs([batch(*rows)]) for row in one.to_pylist()]


def reasons(checker: Checker) -> list[str]:
    return [row["reason"] for rejected in checker.rejects for row in rejected.to_pylist()]


def test_weights_are_rounded_to_millionths_and_missing_ones_filled(catalog: Catalog) -> None:
    rows = [("1", "2", weight) for weight in ("0", "1", "1e-6", ".25", "0.12345678", None)]
    weights = [row[2] for row in good(Checker(catalog, 0.75, False, 0), *rows)]
    assert weights == [0, 1_000_000, 1, 250_000, 123_457, 750_000]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ((None, "2", None), "first is missing"),
        (("1", None, None), "second is missing"),
        (("1", "1", None), "first and second are the same"),
        (("x" * 129, "2", None), "first has more than 128 characters"),
        (("1", "\ufffd", None), "second is not UTF-8"),
        *(
            (("1", "2", weight), "first_weight is no number from 0 to 1")
            for weight in ("1.000001", "-0.1", "nan", "inf", "1e999", "half", "0x1", "0,5")
        ),
    ],
)
def test_bad_row_is_rejected_with_its_reason_and_as_it_came(
    catalog: Catalog, row: tuple[str | None, str | None, str | None], reason: str
) -> None:
    checker = Checker(catalog, 0.5, False, 10)
    assert good(checker, ("1", "2", None), row) == [("1", "2", 500_000)]
    assert [tuple(line.values()) for line in checker.rejects[0].to_pylist()] == [(2, *row, reason)]


def test_unknown_people_are_counted_or_rejected(catalog: Catalog) -> None:
    rows = [("1", STRANGER, None), (STRANGER, "2", None), ("1", "2", None)]
    kind, strict = Checker(catalog, 0.5, False, 10), Checker(catalog, 0.5, True, 10)
    assert len(good(kind, *rows)) == 3
    assert kind.num_unknown == 2
    assert good(strict, *rows) == [("1", "2", 500_000)]
    assert reasons(strict) == ["second is unknown to release 1", "first is unknown to release 1"]


def test_more_rejects_than_allowed_stop_the_job(catalog: Catalog) -> None:
    rows = [("1", "1", None)] * 3
    assert good(Checker(catalog, 0.5, False, 3), *rows) == []
    with pytest.raises(TooManyRejectsError, match=r"3 bad rows.* 2 may be; line 1: first and second are the same"):
        good(Checker(catalog, 0.5, False, 2), *rows)


def test_rejects_are_written_by_line_and_without_any_too(tmp_path: Path) -> None:
    write_rejects(str(tmp_path), [batch(("1", "1", None)).slice(0), batch()])
    assert pq.read_table(tmp_path / "rejects.parquet").num_rows == 1
    write_rejects(str(tmp_path), [])
    assert pq.read_table(tmp_path / "rejects.parquet").schema.names == READ.names
