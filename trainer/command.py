"""What the trainer's commands share: where data are kept, what a seed is, and how they end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.data import DataError, DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable


def run(command: Callable[[], int]) -> int:
    """Runs a command and returns its exit status, or 1 for data or a file that cannot be used, or 130 on Ctrl-C."""
    # Leaves by way of an exception, so that what is half written is cleared.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A shell starts what it runs in the background with Ctrl-C's signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command()
    except (DataError, DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT


def add_cache_flag(parser: argparse.ArgumentParser) -> None:
    """Adds --cache, whose default is the environment's PAIRREC_CACHE; None: the person's cache folder for pairrec."""
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=os.environ.get("PAIRREC_CACHE") or None,
        help="where data sets are kept (PAIRREC_CACHE, else your cache folder for pairrec)",
    )


def seed(text: str) -> int:
    """Reads a seed.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) >= 1 << 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^32 - 1")
    return int(text)
