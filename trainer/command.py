"""What the trainer's commands share: where data are kept, what a seed is, and how they end."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from server.client.client import DEFAULT_ADDRESS
from server.errors import ReleaseError
from server.flag_values import number
from trainer.data import DataError, DownloadError

if TYPE_CHECKING:
    from collections.abc import Callable


# Exit statuses: a release that is worse than what is served; one in place that a gateway does not serve in time.
REFUSED, NOT_SERVED = 3, 4


def run(command: Callable[[], int]) -> int:
    """Runs a command and returns its exit status: 1 for data, releases or files that cannot be used, 130 on Ctrl-C."""
    # Leaves by way of an exception, so that what is half written is cleared.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A shell starts what it runs in the background with Ctrl-C's signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return command()
    except (DataError, DownloadError, ReleaseError, OSError) as error:
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


def add_releases_flag(parser: argparse.ArgumentParser) -> None:
    """Adds --releases, the folder of all releases."""
    parser.add_argument("--releases", type=Path, default="serving_models", metavar="DIR", help="(%(default)s)")


def add_address_flag(parser: argparse._ActionsContainer) -> None:
    """Adds --address, whose default is the environment's PAIRREC_ADDRESS, else the client's."""
    address = os.environ.get("PAIRREC_ADDRESS") or DEFAULT_ADDRESS
    parser.add_argument("--address", default=address, help="the gateway (PAIRREC_ADDRESS, else %(default)s)")


def add_wait_flag(parser: argparse._ActionsContainer) -> None:
    """Adds --wait, how many seconds a gateway is given to serve a release."""
    what = "seconds the gateway is given to serve it (%(default)s)"
    parser.add_argument("--wait", type=number(float, 0, 3600), default=120.0, metavar="SECONDS", help=what)


def seed(text: str) -> int:
    """Reads a seed.

    Raises:
        ArgumentTypeError: It is none.
    """
    if not text.isdecimal() or int(text) >= 1 << 32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 2^32 - 1")
    return int(text)
