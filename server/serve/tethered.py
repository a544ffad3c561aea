"""Becomes a command that Linux ends when its launcher dies, even by SIGKILL.

`tethered.py LAUNCHER_PID COMMAND ...`: a program of its own, not code between fork and exec, as the launcher
has gRPC's threads by then.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # Source: Linux, include/uapi/linux/prctl.h

if __name__ == "__main__":
    launcher, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != int(launcher):  # it died before the kernel knew
        sys.exit(1)
    try:
        os.execvp(command[0], command)  # noqa: S606  # no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")
