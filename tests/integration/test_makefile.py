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
    words = ["-m", "trainer", flag, given, "--output", "serving_models", "--model", "default"]
    assert make("train", f"DATA={data}") == words


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


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        ((), ["--address", "localhost:50051"]),
        (("PORT=7", "FORCE=1", "MARGIN=0.1"), ["--address", "localhost:7", "--margin", "0.1", "--force"]),
        (("PAIRREC_ADDRESS=host:8", "FORCE="), ["--address", "host:8"]),
    ],
)
def test_a_release_is_compared_at_the_gateway_of_the_address_or_the_port(make, words, flags):
    trained = ["-m", "trainer", "--dataset", "ml-100k", "--output", "serving_models", "--model", "default"]
    assert make("release", *words) == [*trained, "--release", *flags]


@pytest.mark.parametrize("force", ["0", "no", "yes", "1 1"])
def test_a_release_is_forced_by_1_alone(make, force):
    with pytest.raises(subprocess.CalledProcessError) as caught:
        make("release", f"FORCE={force}")
    assert caught.value.returncode == 2
    assert f"FORCE={force} is neither 1 nor empty: say FORCE=1, or leave it out" in caught.value.stderr


@pytest.mark.parametrize(("target", "name"), [("release", "FORCE"), ("release", "MARGIN"), ("rollback", "VERSION")])
def test_what_is_decided_by_the_environment_is_refused_and_not_ignored(make, monkeypatch, target, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        make(target)
    assert f"{name}=1 is in the environment, where it does not count" in caught.value.stderr
    assert f"unset it, or say make {target} {name}=..." in caught.value.stderr
    assert make(target, f"{name}=1")


def test_the_index_is_said_to_the_trainer(make):
    trained = ["-m", "trainer", "--dataset", "ml-100k", "--output", "serving_models", "--model", "default"]
    words = [*trained, "--index", "scann"]
    assert make("release", "INDEX=scann") == [*words, "--release", "--address", "localhost:50051"]
    assert make("train", "INDEX=scann") == words


@pytest.mark.parametrize(("words", "flags"), [((), []), (("VERSION=7",), ["--to", "7"])])
def test_rollback_names_a_version_only_where_one_is_given(make, words, flags):
    common = ["--releases", "a b", "--address", "localhost:50051"]
    assert make("rollback", "RELEASES=a b", *words) == ["-m", "trainer.rollback", *flags, *common]
    assert make("releases", "RELEASES=a b") == ["-m", "trainer.releases", *common]


def test_where_to_deploy_is_handed_on_word_by_word(make):
    where = ["--platform", "kubernetes", "--folder", "my folder", "--overlay", "staging"]
    given = ("PLATFORM=kubernetes", "OVERLAY=staging", "DEPLOYED=my folder")
    assert make("status", *given) == ["-m", "server.deploy", "status", *where]
    assert make("stop") == ["-m", "server.deploy", "stop", "--platform", "local", "--folder", ".deployed"]
    what = ["--releases", "serving_models", "--port", "1", "--model_server_port", "8500"]
    assert make("deploy", *given, "PORT=1") == ["-m", "server.deploy", "deploy", *where, *what]
