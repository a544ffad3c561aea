"""Values of flags, checked while the command line is read."""

import argparse
from collections.abc import Callable


def number(kind: type[int] | type[float], lowest: float, highest: float) -> Callable[[str], float]:
    """Returns a type for argparse: a number from `lowest` to `highest`, both included, anything else refused."""

    def read(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not lowest <= value <= highest:
            raise argparse.ArgumentTypeError(f"{text!r} must be a number from {lowest} to {highest}")
        return value

    return read


def address(text: str) -> str:
    """Reads a type for argparse: a server's `host:port`, anything else refused."""
    host, _, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdecimal() and 1 <= int(port) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} must be host:port with a port from 1 to 65535")
    return text
