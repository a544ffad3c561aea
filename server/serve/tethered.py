"""Becomes a command that Linux ends when its launcher dies, even by SIGKILL.

`tethered.py LAUNCHER_PID COMMAND ...`: a program of its own, not code between fork and exec, as the launcher
has gRPC's threads by then.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Source: Linux, include/uapi/linux/prctl.h


def tether(launcher: int, signum: int) -> None:
    """Has this process, and the program it becomes, sent `signum` when `launcher` dies; exits if it has."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signum)
    if os.getppid() != launcher:  # it died before the kernel knew
        sys.exit(1)


if __name__ == "__main__":
    launcher, *command = sys.argv[1:]
    tether(int(launcher), signal.SIGTERM)
    try:
        os.execvp(command[0], command)  # noqa: S606  # no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")
