"""Asks Linux for short slices of a core, so that a thread with little to do need not wait for one with much to do.

Since Linux 6.12 a thread may say how long it wants to run in one go. It gets no more of the core for a short slice,
but gets it sooner: when it wakes it takes the core from a thread with a longer slice, which otherwise keeps it until a
clock ticks, up to 4 ms later. Source: Documentation/scheduler/sched-eevdf.rst and sched_setattr(2) of Linux.
"""

import ctypes
import os
import platform
import struct

SHORT_NS = 200_000
DEFAULT_NS = 0  # the kernel's own, 1.4 to 3 ms

_SET_ATTRIBUTES = {"x86_64": 314, "aarch64": 274}  # the number of the system call, as glibc before 2.41 lacks it
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")  # size, policy, flags, niceness, priority, runtime (the slice), two more


def ask_for_slices(nanoseconds: int) -> bool:
    """Asks for slices of this length for the calling thread and the threads that it starts later.

    An older Linux accepts it and does nothing.

    Args:
        nanoseconds: 100,000 to 100,000,000, which the kernel holds it to; 0 for its default.

    Returns:
        False where the system has no such thing or does not allow it; nothing has changed.
    """
    number = _SET_ATTRIBUTES.get(platform.machine()) if platform.system() == "Linux" else None
    if number is None:
        return False
    niceness = os.getpriority(os.PRIO_PROCESS, 0)  # of the thread, on Linux
    policy = os.sched_getscheduler(0)
    attributes = _ATTRIBUTES.pack(_ATTRIBUTES.size, policy, 0, niceness, 0, nanoseconds, 0, 0)
    return ctypes.CDLL(None).syscall(number, 0, attributes, 0) == 0
