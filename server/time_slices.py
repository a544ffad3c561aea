"""Asks Linux for short slices of a core, so that a thread with little to do need not wait for one with much to do.

Since Linux 6.12 a thread may say how long it wants to run in one go. It gets no more of the core for a short slice,
but gets it sooner: when it wakes it may take the core from a thread with a longer slice, which otherwise keeps it until
a clock ticks, up to 4 ms later. Source: Documentation/scheduler/sched-eevdf.rst and sched_setattr(2) of Linux.
"""

import ctypes
import os
import platform
import struct
import sys

SHORT_NS = 200_000
DEFAULT_NS = 0  # the kernel's own, .7 to 3 ms by the number of cores

_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # the number of the system call, as glibc before 2.41 lacks it
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")  # size, policy, flags, niceness, priority, runtime (the slice), two more
_KEEP_POLICY = 8


def ask_for_slices(nanoseconds: int) -> None:
    """Asks for slices of this length for the calling thread and the threads that it starts later.

    Nothing happens where the system has no such thing or does not allow it: threads then wait as they always did.

    Args:
        nanoseconds: 100,000 to 100,000,000, which the kernel holds it to; 0 for its default.
    """
    if sys.platform == "linux" and (number := _SET_ATTRIBUTES.get(platform.machine())):
        niceness = os.getpriority(os.PRIO_PROCESS, 0)  # of the thread, on Linux
        attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, 0, _KEEP_POLICY, niceness, 0, nanoseconds, 0, 0)
        ctypes.CDLL(None).syscall(number, 0, attributes, 0)
