"""A running `python -m server.serve`, as a test starts it, listens to it and ends it."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Self

_READY = re.compile(r"ready: gateway on (\S+), model server on (\S+)")


class Launched:
    """The launcher on free ports with a temporary folder of its own, started with flags and environment of the test."""

    def __init__(self, releases: Path, temporary: Path, *arguments: str, **environment: str) -> None:
        self.temporary = temporary
        self.lines: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server.serve", "--releases", str(releases), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(temporary), **environment},
        )
        self._listener = threading.Thread(target=lambda: self.lines.extend(self.process.stderr), daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.process.terminate()
        self.ended()

    @property
    def stderr(self) -> str:
        return "".join(self.lines)

    def wait_for(self, text: str) -> None:
        while text not in self.stderr:
            if self.process.poll() is not None:
                self._listener.join()  # the last lines may still be on their way
                assert text in self.stderr, self.stderr
            time.sleep(0.05)

    def ready(self) -> tuple[str, str]:
        """Waits; returns the addresses of gateway and model server."""
        self.wait_for("ready: ")
        gateway, models = _READY.search(self.stderr).groups()
        return gateway, models

    def children(self) -> list[int]:
        """In the order they were started."""
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def ended(self) -> int:
        """Waits for the end; returns the exit status. What was said is in `stderr` then."""
        status = self.process.wait()
        self._listener.join()
        self.process.stderr.close()
        self.process.stdout.close()
        return status

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.ended()


def alive(pid: int) -> bool:
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):  # it is gone, or goes just now
        return False
