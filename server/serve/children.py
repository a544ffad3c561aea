"""A server the launcher runs: in a session of its own, heard line by line, ended for certain."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

# More than the gateway takes to drain: a second of notice, 30 for calls under way, one for the last answers.
STOP_SECONDS = 40.0
_LAST_LINES = 10
_TETHER = [sys.executable, "-I", str(Path(__file__).with_name("tethered.py")), str(os.getpid())]
# Lines as they are written, and only errors of TensorFlow's own.
ENVIRONMENT = {"PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}


class Child:
    """A running server; what it writes is passed on as it comes, under its name.

    Its session keeps a terminal's Ctrl-C from it: that goes to the launcher alone, which stops its children.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        """Starts `command`; raises OSError where it cannot be run."""
        self._name = name
        self._last_lines: deque[str] = deque(maxlen=_LAST_LINES)
        self._process = subprocess.Popen(  # noqa: S603  # a command of the launcher's own making
            [*(_TETHER if sys.platform == "linux" else ()), *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            env=ENVIRONMENT | os.environ,
            start_new_session=True,
        )
        self._listener = threading.Thread(target=self._pass_on, daemon=True)
        self._listener.start()

    def end(self) -> str:
        """Says how it ended, and its last lines; empty while it runs."""
        if (status := self._process.poll()) is None:
            return ""
        self._listener.join(timeout=1)
        how = f"status {status}" if status >= 0 else signal.Signals(-status).name
        return "\n  ".join((f"{self._name} ended with {how}; its last lines:", *self._last_lines))

    def stop(self) -> None:
        """Ends it and whatever it started: SIGTERM, then, at the latest after 40 seconds, SIGKILL."""
        stop(self._process, lambda signum: os.killpg(self._process.pid, signum))
        self._listener.join(timeout=1)

    def _pass_on(self) -> None:
        log = logging.getLogger(self._name)
        with self._process.stdout as lines:  # type: ignore[union-attr]  # a pipe
            for line in lines:
                self._last_lines.append(line.rstrip())
                log.info("%s", line.rstrip())


def stop(process: subprocess.Popen[str], send: Callable[[int], object]) -> None:
    """Ends what `send` delivers signals to: SIGTERM, and SIGKILL once `process` is gone or 40 s are over."""
    gone = contextlib.suppress(ProcessLookupError, PermissionError)  # the latter is what macOS says
    with gone:
        send(signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(STOP_SECONDS)
    with gone:
        send(signal.SIGKILL)
    process.wait()
