"""A child is heard, told apart from others when it ends, and ended for certain."""

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from server.serve import children
from server.serve.children import Child

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"


def python(script: str) -> list[str]:
    return [sys.executable, "-c", script]


def cmdline(pid: str) -> bytes:
    """Empty for a process that has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it is gone, or goes just now
        return b""


def wait_for(happened) -> None:
    while not happened():
        time.sleep(0.02)


def test_its_lines_are_passed_on_under_its_name(caplog):
    caplog.set_level(logging.INFO)
    child = Child("models", python("import sys; print('out'); print('err', file=sys.stderr)"))
    wait_for(lambda: child.end() and len(caplog.records) == 2)
    assert sorted(caplog.record_tuples) == [("models", logging.INFO, "err"), ("models", logging.INFO, "out")]


@pytest.mark.parametrize(
    ("script", "how"),
    [
        ("print('why'); raise SystemExit(3)", "status 3"),
        ("import os; print('why', flush=True); os.kill(os.getpid(), 9)", "SIGKILL"),
    ],
)
def test_its_end_says_how_and_its_last_lines(script, how):
    child = Child("models", python(script))
    wait_for(lambda: "why" in child.end())
    assert child.end() == f"models ended with {how}; its last lines:\n  why"


def test_one_that_ignores_sigterm_is_killed_after_the_grace(monkeypatch, caplog):
    monkeypatch.setattr(children, "STOP_SECONDS", 0.1)
    caplog.set_level(logging.INFO)
    child = Child("models", python(STUBBORN))
    wait_for(lambda: caplog.records)
    child.stop()
    assert "SIGKILL" in child.end()


def test_what_it_started_itself_ends_with_it(caplog):
    caplog.set_level(logging.INFO)
    child = Child("models", ["/bin/sh", "-c", "sleep 60 & echo $!; wait"])
    wait_for(lambda: caplog.records)
    child.stop()
    wait_for(lambda: not cmdline(caplog.messages[0]))


def test_one_that_cannot_be_run_says_so():
    child = Child("models", ["/no/such/program"])
    wait_for(lambda: "/no/such/program cannot be run" in child.end())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux can be asked to do this")
def test_it_ends_when_the_launcher_is_killed():
    script = (
        "import logging, sys, time; from server.serve.children import Child\n"
        "logging.basicConfig(level=logging.INFO, format='%(message)s')\n"
        "Child('models', ['/bin/sh', '-c', 'echo $$; exec sleep 60']); time.sleep(60)"
    )
    launcher = subprocess.Popen(python(script), stderr=subprocess.PIPE, text=True)
    pid = launcher.stderr.readline().strip()
    wait_for(lambda: cmdline(pid))
    os.kill(launcher.pid, signal.SIGKILL)
    launcher.communicate()
    wait_for(lambda: not cmdline(pid))
