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


def titles(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return re.findall(r"Movie \d+", done.stdout)


def test_a_guest_by_title_is_the_guest_by_id(pairrec):
    by_title = pairrec(
        "pair", "--first-likes", "movie 3", "Movie 5 (1995)", "--first-rated", "Movie 7=2", "--second", "1"
    )
    by_id = pairrec("pair", "--first-likes", "m3", "m5", "--first-rated", "m7=2", "--second", "1")
    assert titles(by_title) == titles(by_id)
    assert not {"Movie 3", "Movie 5", "Movie 7"} & set(titles(by_id))


def test_a_title_that_is_none_is_answered_with_what_is_like_it(pairrec):
    done = pairrec("similar", "Movei 12")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pairrec: movie: no movie is called 'Movei 12'; did you mean Movie 12 (2002), id m12")


def test_pages_joined_are_the_long_list(pairrec):
    pages, flags = [], ["recommend", "--user", "1", "--json"]
    whole = json.loads(pairrec(*flags, "--top", "100").stdout)["recommendations"]
    token = ""
    while len(pages) < len(whole):
        page = json.loads(pairrec(*flags, "--top", "2", "--page-token", token).stdout)
        pages, token = pages + page["recommendations"], page["next_page_token"]
    assert (pages, token) == (whole, "")


def test_a_batch_has_the_lists_of_single_calls(pairrec, tmp_path):
    pairs = {("1", "2"): "0.3", ("zoë", "3"): "0.5"}
    file = tmp_path / "pairs.csv"
    file.write_text("".join(f"{first},{second},{weight}\n" for (first, second), weight in pairs.items()))
    lines = pairrec("batch", str(file), "--json", "--top", "4").stdout.splitlines()
    for line, ((first, second), weight) in zip(lines, pairs.items(), strict=True):
        flags = ("--first", first, "--second", second, "--first-weight", weight, "--top", "4", "--json")
        single, batched = json.loads(pairrec("pair", *flags).stdout), json.loads(line)["response"]
        assert [entry["movie"] for entry in batched["recommendations"]] == [
            entry["movie"] for entry in single["recommendations"]
        ]


@pytest.mark.parametrize(
    "command",
    [
        ("recommend", "--tastes", "War=5", "Comedy=1", "--diversity", "0.5"),
        ("predict", "m3", "Movie 4", "--user", "2"),
        ("predict", "--likes", "m3"),
        ("rated", "--user", "2", "--share-history"),
        ("similar", "Movie 3"),
        ("popular", "--genres", "comedy", "--order", "most-rated"),
        ("search", "movie"),
        (*PAIR, "--include-watched", "both", "--reasons", "--first-share-history", "--second-share-history"),
        (*PAIR, "--strategy", "proportional", "--no-fallback"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_answers_with_movies(pairrec, command):
    assert titles(pairrec(*command))


def test_what_needs_consent_names_the_flag_that_gives_it(pairrec):
    done = pairrec(*PAIR, "--reasons", "--first-share-history")
    assert done.returncode == 2
    assert done.stderr.startswith("pairrec: --second-share-history: ")
    assert pairrec("rated", "--user", "1").stderr.startswith("pairrec: --share-history: ")
