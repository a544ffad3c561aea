"""The folder of a local deployment: which processes are part of it, and what is in it."""

import contextlib
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

# A name that nobody else has: by it `make stop` knows that the folder is a deployment's.
LOCK, STOPPING = ".pairrec-deployment", "stopping"
# What a deployment writes, and supervisord: older logs and half-made sockets have numbers.
_OURS = re.compile(
    rf"{re.escape(LOCK)}|{STOPPING}|deployment\.json|models\.config|(gateway|models|keeper)(\.log(\.\d+)?)?"
    r"|supervisord\.(conf|out|pid|log(\.\d+)?)|supervisor\.sock(\.\d+)?"
)
_HELD_FD = 3  # Source: supervisor 4.3, options.py: supervisord closes those from 5 on as it starts.
_SUPERVISORD_SECONDS = 10.0


def hold(folder: Path) -> None:
    """Makes this process one of the deployment's to its end, also as whatever program it becomes.

    Exits where the deployment is being stopped. Every process of it shares the lock on one file, which
    `make stop` takes for itself: then, and only then, all of them are gone and none can come.
    """
    try:
        lock = os.open(folder / LOCK, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, BlockingIOError):
        sys.exit("the deployment is gone")
    os.dup2(lock, _HELD_FD)
    os.set_inheritable(_HELD_FD, True)
    exit_if_stopping(folder)


def exit_if_stopping(folder: Path) -> None:
    """Exits where `make stop` has begun."""
    if (folder / STOPPING).exists():
        sys.exit("the deployment is being stopped")


def holders(folder: Path) -> set[int]:
    """Returns the pids of the deployment's processes."""
    lock, pids = str(folder / LOCK), set()
    for pid in filter(str.isdecimal, os.listdir("/proc")):  # noqa: PTH208  # names are what is wanted
        with contextlib.suppress(OSError):  # it has ended, or is another user's
            if os.readlink(f"/proc/{pid}/fd/{_HELD_FD}") == lock:  # noqa: PTH115  # as it is, not as a path
                pids.add(int(pid))
    return pids


def is_ours(path: Path) -> bool:
    """Returns whether a path in the folder is one that a deployment writes."""
    return _OURS.fullmatch(path.name) is not None


def strangers(folder: Path) -> list[str]:
    """Returns the names in the folder that no deployment writes, in order."""
    return sorted(path.name for path in folder.iterdir() if not is_ours(path))


def supervisord(folder: Path) -> int:
    """Returns the pid of the supervisord that runs; 0 where there is none."""
    try:
        pid = int((folder / "supervisord.pid").read_text())
    except (FileNotFoundError, ValueError):  # not yet there, or not yet whole
        return 0
    return pid if pid in holders(folder) else 0


def supervisorctl(folder: Path, *words: str) -> tuple[int, str]:
    """Runs a command of supervisorctl; returns its status, 0 for success, and what it said."""
    command = [sys.executable, "-P", "-m", "supervisor.supervisorctl", "-c", "supervisord.conf", *words]
    try:
        done = subprocess.run(  # noqa: S603  # words of ours
            command, cwd=folder, capture_output=True, text=True, timeout=_SUPERVISORD_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, f"supervisord did not answer within {_SUPERVISORD_SECONDS:g} s"
    return done.returncode, done.stdout.strip()
