"""What the kernel says of threads."""

import ctypes
import os
import platform
import re
import struct
import sys
from contextlib import suppress
from pathlib import Path

import pytest

_GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")
_TAKES_SLICES = (6, 12)


def _takes_slices() -> bool:
    version = re.match(r"(\d+)\.(\d+)", platform.release())
    is_new = bool(version) and tuple(map(int, version.groups())) >= _TAKES_SLICES
    return sys.platform == "linux" and platform.machine() in _GET_ATTRIBUTES and is_new


takes_slices = pytest.mark.skipif(not _takes_slices(), reason="only Linux since 6.12 takes slices")


def slice_and_niceness(thread_id: int = 0) -> tuple[int, int]:
    """Returns a thread's slice in nanoseconds, and its niceness; 0 is the one that calls."""
    room, libc = ctypes.create_string_buffer(_ATTRIBUTES.size), ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_GET_ATTRIBUTES[platform.machine()], thread_id, room, _ATTRIBUTES.size, 0):
        raise ProcessLookupError(os.strerror(ctypes.get_errno()))
    _, _, _, niceness, _, nanoseconds, _, _ = _ATTRIBUTES.unpack(room.raw)
    return nanoseconds, niceness


def niceness_of_threads(process_id: int) -> dict[int, int]:
    """Returns the niceness of a process's threads by their ids."""
    niceness = {}
    for thread in Path(f"/proc/{process_id}/task").iterdir():
        with suppress(ProcessLookupError):  # it has ended since
            niceness[int(thread.name)] = os.getpriority(os.PRIO_PROCESS, int(thread.name))
    return niceness
