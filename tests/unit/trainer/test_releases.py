"""`python -m trainer.releases` where no gateway answers: the folder as it is."""

import json
import shutil
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.trainer.release.folders import GOOD, NOWHERE, add_release, change_info
from trainer.releases import main


@pytest.fixture
def releases(tmp_path, capsys):
    """Runs the command on a folder; returns what it prints."""

    def run(*flags):
        assert main(["--releases", str(tmp_path), "--address", NOWHERE, *flags]) == 0
        return capsys.readouterr().out

    return run


def test_an_empty_folder_is_said(releases, tmp_path):
    assert releases() == f"{tmp_path} holds no release; make release trains one.\n"
    assert json.loads(releases("--json"))["releases"] == []


@pytest.mark.parametrize(
    ("passed", "age"), [(timedelta(minutes=5), "5 min"), (timedelta(hours=30), "30 h"), (timedelta(days=9), "9 days")]
)
def test_the_table_tells_age_data_and_metrics(releases, tmp_path, passed, age):
    add_release(tmp_path, 3, created=(datetime.now(UTC) - passed).isoformat())
    (line,) = [line for line in releases().splitlines() if line.startswith("│")]
    cells = [cell.strip() for cell in line.strip("│").split("│")]
    assert cells == ["3", age, "tiny", "0.4500", "0.3700", "0.3900", "0.8700", "served"]


def test_what_is_served_pinned_and_forced_is_marked(releases, tmp_path):
    for version in (1, 2, 3):
        add_release(tmp_path, version, forced=["worse"] if version == 2 else [])
    (tmp_path / "PINNED").write_text("2")
    lines = [line.strip("│").rpartition("│")[2].strip() for line in releases().splitlines() if line.startswith("│")]
    assert lines == ["not served: release 2 is pinned", "served, pinned, forced", ""]


def test_json_holds_everything_and_who_says_so(releases, tmp_path):
    add_release(tmp_path, 1)
    document = json.loads(releases("--json"))
    assert document["according_to"] == f"{tmp_path}, as no gateway answers at {NOWHERE}"
    described = {"created": "2026-11-21T12:00:00+00:00", "data": "tiny", "fingerprint": "ab" * 32, "forced": []}
    state = {"version": 1, "served": True, "pinned": False}
    assert document["releases"] == [state | described | {"metrics": GOOD}]


def test_what_is_not_whole_is_listed_with_the_reason(releases, tmp_path):
    for version in (1, 2, 3, 4, 5):
        add_release(tmp_path, version)
    (tmp_path / "catalog" / "1" / "release.json").write_text("{")
    shutil.rmtree(tmp_path / "ranking_head" / "3")
    shutil.rmtree(tmp_path / "catalog" / "4")
    change_info(tmp_path / "catalog" / "5", version=6)
    reasons = {each["version"]: each.get("reason") for each in json.loads(releases("--json"))["releases"]}
    assert reasons.pop(1).startswith("release.json cannot be read")
    assert reasons == {
        2: None,
        3: "ranking_head/3/saved_model.pb is missing",
        4: "catalog/4/release.json is missing: its export is under way, or was stopped",
        5: "release.json says it is version 6",
    }
