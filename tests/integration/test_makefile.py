"""What `make` hands to the programs, word by word."""

import subprocess
from pathlib import Path

import pytest

MAKEFILE = Path(__file__).parents[2] / "Makefile"


@pytest.fixture
def make(tmp_path):
    """Runs a target with programs that only print their words, one a line."""
    (tmp_path / "my data").mkdir()
    programs = tmp_path / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in ("python", "pairrec"):
        (programs / name).write_text("#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        (programs / name).chmod(0o755)
    for name in ("requirements.lock", "pyproject.toml", ".venv/.locked", ".venv/.installed"):
        (tmp_path / name).touch()  # each newer than what it is made from: nothing is installed

    def run(*words: str) -> list[str]:
        command = ["make", "--silent", "--file", str(MAKEFILE), *words]
        return subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.splitlines()

    return run


@pytest.mark.parametrize(
    ("data", "flag"),
    [
        ("ml-100k", "--dataset"),
        ("synthetic", "--dataset"),
        ("my data", "--data"),
        ("/a b/c", "--data"),
        ("no/such/folder", "--data"),
        ('./bob\'s $HOME `id`, "x"'.replace("$", "$$"), "--data"),
    ],
)
def test_a_folder_of_any_name_is_one_word(make, data, flag):
    given = data.replace("$$", "$")
    assert make("train", f"DATA={data}") == ["-m", "trainer", flag, given, "--output", "serving_models"]


def test_people_of_any_name_are_one_word(make):
    words = make("recommend", "FIRST=a b", "SECOND=c;d", "OBJECTIVE=like", "PORT=1")
    pair = ["pair", "--first", "a b", "--second", "c;d", "--first-weight", "0.5", "--objective", "like"]
    assert words == [*pair, "--address", "localhost:1"]


def test_files_of_any_name_are_one_word(make):
    words = make("precompute", "PAIRS=my pairs.csv", "OUTPUT=a;b")
    files = ["--pairs", "my pairs.csv", "--output", "a;b", "--releases", "serving_models"]
    assert words == ["-m", "server.jobs.precompute", *files, "--objective", "watch"]


def test_who_is_to_be_forgotten_is_one_word(make):
    words = make("forget", "USER=a b", "RELEASES=my releases")
    assert words == ["-m", "trainer.forget", "--user", "a b", "--releases", "my releases"]


def test_whoever_is_logged_in_is_not_forgotten_by_mistake(make, monkeypatch):
    """Shells set USER."""
    monkeypatch.setenv("USER", "someone")
    assert make("forget") == ["-m", "trainer.forget", "--user", "", "--releases", "serving_models"]
