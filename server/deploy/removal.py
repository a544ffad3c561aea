"""Ends a local deployment, whatever is left of it, so that no process, port or file stays."""

import fcntl
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from server.deploy.folder import LOCK, STOPPING, holders, is_ours, supervisord
from server.deploy.state import Deployment
from server.serve.children import STOP_SECONDS
from server.serve.stack import run_quietly

# supervisord kills each server STOP_SECONDS after it has asked it to stop.
_PATIENCE_SECONDS = 2 * STOP_SECONDS + 10
_POLL_SECONDS = 0.1


def remove(folder: Path) -> None:
    """Ends the gateway, then the model server, and removes the folder with all that is a deployment's.

    Raises:
        OSError: Something else is in it, which stays.
    """
    with (folder / LOCK).open("a") as lock:  # first and last what marks the folder as one
        (folder / STOPPING).touch()
        deployment = Deployment.read(folder)
        _end_all(folder, lock.fileno())
        run_quietly(deployment.cleanup if deployment else ())
        for path in sorted(filter(is_ours, folder.iterdir()), key=lambda path: path.name == LOCK):
            path.unlink()
        folder.rmdir()


def _end_all(folder: Path, lock: int) -> None:
    """Returns with the lock taken: no process of the deployment is left, and none can come."""
    asked, deadline = {0}, time.monotonic() + _PATIENCE_SECONDS
    while not _take(lock):
        # A second one may come by a keeper that had not yet seen that it must not.
        if (pid := supervisord(folder)) not in asked:
            asked.add(pid)
            _send(pid, signal.SIGTERM)
        if time.monotonic() > deadline:
            for pid in holders(folder):
                _send(pid, signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _send(pid: int, signum: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signum)
