"""`python -m trainer.data` as people and the Makefile call it."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.data import load, resolve

COMMAND = [sys.executable, "-m", "trainer.data"]


def run(*options, **environment):
    variables = {**os.environ, **environment}
    return subprocess.run([*COMMAND, *options], check=False, capture_output=True, text=True, env=variables)


def test_the_folder_is_the_only_line_on_stdout(tmp_path: Path):
    done = run("--dataset", "synthetic", "--cache", str(tmp_path))
    assert (done.stdout, done.stderr, done.returncode) == (f"{tmp_path / 'synthetic'}\n", "", 0)
    assert len(load(tmp_path / "synthetic", "synthetic").user_ids) == 300


def test_the_environment_names_the_cache_and_the_flag_wins(tmp_path: Path):
    by_environment, by_flag = tmp_path / "a", tmp_path / "b"
    variables = {"PAIRREC_CACHE": str(by_environment)}
    assert run("--dataset", "synthetic", **variables).stdout == f"{by_environment / 'synthetic'}\n"
    done = run("--dataset", "synthetic", "--cache", str(by_flag), **variables)
    assert done.stdout == f"{by_flag / 'synthetic'}\n"


def test_a_cache_that_cannot_be_written_ends_with_one_line(tmp_path: Path):
    (tmp_path / "file").touch()
    done = run("--dataset", "synthetic", "--cache", str(tmp_path / "file"))
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr.count("\n") == 1
    assert "choose another cache with --cache DIR or PAIRREC_CACHE" in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_ends_it_without_a_traceback(tmp_path: Path, number, status):
    command = [*COMMAND, "--dataset", "synthetic", "--cache", str(tmp_path)]
    with (tmp_path / ".synthetic.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert "waiting for it" in process.stderr.readline()
            process.send_signal(number)
            assert process.communicate() == ("", "")
    assert process.returncode == status
    assert [path.name for path in tmp_path.iterdir()] == [".synthetic.lock"]


def test_a_folder_of_ones_own_wins(tmp_path: Path):
    assert resolve("ml-100k", tmp_path / "mine", tmp_path / "cache") == tmp_path / "mine"
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_data_set_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="dataset is 'ml-1m', allowed is one of ml-100k, synthetic"):
        resolve("ml-1m", None, tmp_path)
