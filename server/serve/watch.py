"""Waiting, with an eye on the servers and on whoever asks to stop."""

import signal
import time
from collections.abc import Callable
from types import FrameType

_POLL_SECONDS = 0.1


class ServeError(Exception):
    """Why serving cannot start or go on, in words for the person at the terminal."""


class StopRequested(Exception):  # noqa: N818  # asked for, not an error
    """Somebody asked the launcher to stop, by the signal `signum`."""

    def __init__(self, signum: int) -> None:
        super().__init__(signum)
        self.signum = signum


class Watch:
    """Waits for one thing after another while servers run; `ends` say how each one ended, or are empty."""

    def __init__(self) -> None:
        """Takes SIGINT, SIGTERM and SIGHUP over for the rest of the process."""
        self.ends: list[Callable[[], str]] = []
        self._signum = 0
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, self._note)

    def until(self, lacking: Callable[[], str], seconds: float = float("inf")) -> None:
        """Returns once `lacking()`, which says what is still missing, is empty.

        Raises:
            StopRequested: a signal came.
            ServeError: a server ended, or `seconds` are over.
        """
        deadline = time.monotonic() + seconds
        while missing := lacking():
            self._check()
            if time.monotonic() > deadline:
                raise ServeError(f"gave up after {seconds:g} s (--ready_seconds): {missing}")
            time.sleep(_POLL_SECONDS)

    def _check(self) -> None:
        ends = [how for end in self.ends if (how := end())]
        if self._signum:  # what has ended may have been asked to by the same
            raise StopRequested(self._signum)
        if ends:
            raise ServeError("\n".join(ends))

    # Only noted: an exception out of a handler could fall between a server's start and the note to stop it.
    def _note(self, signum: int, _frame: FrameType | None) -> None:
        self._signum = signum
