"""The `pairrec` command, installed as people have it, against real servers."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.serve.launched import Launched
from tests.tiny_release import oracle, random_release, write_release

PAIR = ("pair", "--first", "1", "--second", "zoë")


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    releases, temporary = tmp_path_factory.mktemp("releases"), tmp_path_factory.mktemp("temporary")
    write_release(releases, 3, random_release())
    with Launched(releases, temporary, "--port=0", "--model_server_port=0") as launched:
        yield launched.ready()[0]


@pytest.fixture
def pairrec(address, monkeypatch):
    monkeypatch.setenv("PAIRREC_ADDRESS", address)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = Path(sys.executable).with_name("pairrec")
        return subprocess.run([command, *arguments], check=False, capture_output=True, text=True)

    return run


def test_table_and_json_hold_the_list_that_is_right(pairrec):
    flags = ("--first-weight", "0.7", "--objective", "like", "--top", "5")
    right = [f"Movie {row}" for row in oracle(random_release(), "1", "zoë", 0.7, liking=True)[:5]]
    answer = json.loads(pairrec(*PAIR, *flags, "--json").stdout)
    table = pairrec(*PAIR, *flags).stdout
    assert [entry["movie"]["title"] for entry in answer["recommendations"]] == right
    assert re.findall(r"Movie \d+", table) == right
    assert table.startswith("For 1 (weight 0.7) and zoë (0.3): what both will likely like, ")
    assert table.splitlines()[0].endswith("release 3")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("flags", [(), ("--json",)], ids=["table", "json"])
def test_an_answer_that_cannot_be_written_is_one_line(address, flags):
    command = [Path(sys.executable).with_name("pairrec"), *PAIR, *flags, "--address", address]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert done.stderr.splitlines()[0].startswith("pairrec: the answer cannot be written: ")
    assert "Traceback" not in done.stderr


def test_every_bad_value_is_named_by_its_flag(pairrec):
    done = pairrec("pair", "--first", "1", "--second", "1", "--first-weight", "1.5", "--top", "-1")
    assert done.returncode == 2
    flags = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert sorted(flags) == ["--first-weight", "--second", "--top"]
    assert "1.5" in done.stderr


@pytest.mark.parametrize("weight", ["nan", "-0.1", "inf"])
def test_a_weight_that_is_none_is_bad_usage(pairrec, weight):
    done = pairrec(*PAIR, f"--first-weight={weight}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pairrec: --first-weight: ")


def test_someone_unknown_is_said_and_answered(pairrec):
    done = pairrec("pair", "--first", "1", "--second", "[nobody]", "--top", "3")
    assert done.returncode == 0
    assert "The release knows nobody called [nobody]" in done.stdout
    assert len(re.findall(r"Movie \d+", done.stdout)) == 3


def test_the_release_is_shown_and_told_to_programs(pairrec):
    shown = pairrec("release").stdout
    for words in ("tiny: ", "Free to use in tests.", "version 3: AVAILABLE", "popularity", "0.2500"):
        assert words in shown
    assert json.loads(pairrec("release", "--json").stdout)["release"]["release_version"] == "3"


@pytest.mark.parametrize("form", ["", "--json"])
def test_a_reader_that_is_gone_is_no_traceback(address, monkeypatch, form):
    monkeypatch.setenv("PAIRREC_ADDRESS", address)
    command = f"{Path(sys.executable).with_name('pairrec')} pair --first 1 --second 2 {form} | true"
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    assert done.stderr == ""
