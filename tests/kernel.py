"""What the kernel says of a thread."""

import ctypes
import os
import platform
import struct

import pytest

_GET_ATTRIBUTES = {"x86_64": 315, "aarch64": 275}
_ATTRIBUTES = struct.Struct("=IIQiIQQQ")

takes_slices = pytest.mark.skipif(
    platform.system() != "Linux"
    or platform.machine() not in _GET_ATTRIBUTES
    or tuple(map(int, platform.release().split(".")[:2])) < (6, 12),
    reason="only Linux since 6.12 takes slices",
)


def slice_and_niceness(thread_id: int = 0) -> tuple[int, int]:
    """Returns a thread's slice in nanoseconds, and its niceness; 0 is the one that calls."""
    room = ctypes.create_string_buffer(_ATTRIBUTES.size)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(_GET_ATTRIBUTES[platform.machine()], thread_id, room, _ATTRIBUTES.size, 0):
        raise ProcessLookupError(os.strerror(ctypes.get_errno()))
    _, _, _, niceness, _, nanoseconds, _, _ = _ATTRIBUTES.unpack(room.raw)
    return nanoseconds, niceness
