"""Removal waits for what is part of a deployment, and lets nothing of it start any more."""

import subprocess
import sys
from pathlib import Path

import pytest

from server.deploy import removal
from server.deploy.folder import LOCK, STOPPING, holders, strangers
from server.deploy.removal import remove
from server.gateway import server as gateway
from server.gateway.__main__ import _parser
from server.serve.children import STOP_SECONDS

HOLD = "import sys, time; from pathlib import Path; from server.deploy.folder import hold; hold(Path(sys.argv[1]))"


@pytest.fixture
def folder(tmp_path) -> Path:
    folder = tmp_path.resolve() / "deployed"
    folder.mkdir()
    (folder / LOCK).touch()
    return folder


def start(folder: Path, then: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", f"{HOLD}; print('held', flush=True); {then}", str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_a_folder_without_processes_goes_at_once(folder):
    remove(folder)
    assert not folder.exists()


def test_nothing_goes_but_what_a_deployment_writes(folder):
    for name in ("gateway.log", "gateway.log.3", "supervisord.log.1", "supervisor.sock.4711", "gateway.log.gz"):
        (folder / name).touch()
    assert strangers(folder) == ["gateway.log.gz"]
    with pytest.raises(OSError, match="not empty"):
        remove(folder)
    assert [path.name for path in folder.iterdir()] == ["gateway.log.gz"]


def test_one_that_does_not_end_is_killed(folder, monkeypatch):
    monkeypatch.setattr(removal, "_PATIENCE_SECONDS", 0)
    with start(folder, "time.sleep(600)") as process:
        assert process.stdout.readline() == "held\n"
        assert holders(folder) == {process.pid}
        remove(folder)
        assert process.wait() == -9
    assert not folder.exists()


def test_a_program_it_becomes_is_still_part_of_it(folder, monkeypatch):
    monkeypatch.setattr(removal, "_PATIENCE_SECONDS", 0)
    become = "import os; os.execvp('sh', ['sh', '-c', 'echo as another; exec sleep 600'])"
    with start(folder, become) as process:
        assert [process.stdout.readline() for _ in range(2)] == ["held\n", "as another\n"]
        assert holders(folder) == {process.pid}
        remove(folder)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda folder: (folder / STOPPING).touch(), "the deployment is being stopped"),
        (lambda folder: (folder / LOCK).unlink(), "the deployment is gone"),
    ],
)
def test_nothing_of_it_starts_once_it_is_being_stopped(folder, change, why):
    change(folder)
    out, error = start(folder, "").communicate()
    assert (out, error.strip()) == ("", why)


def test_whoever_stops_a_gateway_waits_longer_than_it_drains():
    drain_seconds = _parser().parse_args([]).drain_seconds
    assert drain_seconds + gateway._GRACE_SECONDS + gateway._LAST_SECONDS < STOP_SECONDS
