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
from trainer.data import DataError, Dataset, DownloadError, Reading, load, resolve
from trainer.data.loading import COLUMNS, MOVIE_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

    from trainer.progress import Steps


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


def add_data_flags(parser: argparse.ArgumentParser) -> None:
    """Adds --data and what is said of it, and --cache.

    The default of --cache is the environment's PAIRREC_CACHE; None: the person's cache folder for pairrec.
    """
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PATH",
        help="folder of MovieLens or Netflix ratings in any of their layouts, or a CSV or Parquet file: docs/data.md",
    )
    parser.add_argument(
        "--columns",
        type=_columns,
        default={},
        metavar="user=NAME,movie=NAME,rating=NAME",
        help="what a file of your own calls its columns; also time=NAME, and of --movies title, year, genres, id",
    )
    parser.add_argument("--movies", type=Path, metavar="FILE", help="file of your own with titles, by --columns")
    parser.add_argument("--scale", type=_scale, metavar="LOW,HIGH", help="least and most stars (found in the ratings)")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=os.environ.get("PAIRREC_CACHE") or None,
        help="where data sets are kept (PAIRREC_CACHE, else your cache folder for pairrec)",
    )


def check_data_flags(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """Ends the program where flags of `add_data_flags` do not go together."""
    of_movies = MOVIE_COLUMNS & options.columns.keys()
    if not options.data and (options.columns or options.movies or options.scale):
        parser.error("--columns, --movies and --scale say what --data PATH is: give it")
    if options.movies and "title" not in options.columns:
        parser.error("--movies needs the name of its titles: --columns user=...,movie=...,rating=...,title=...")
    if of_movies and not options.movies:
        parser.error(f"--columns names {', '.join(sorted(of_movies))}, which are columns of --movies FILE: give it")


def read_data(options: argparse.Namespace, steps: Steps) -> Dataset:
    """Finds, fetches or generates what the flags name, and reads it.

    Raises:
        DataError, DownloadError: It cannot be had, or is malformed.
    """
    path = resolve(options.dataset, options.data, options.cache)
    name = options.dataset
    reading = Reading(options.columns, options.movies, options.scale)
    with steps.step("reading ratings") as report:
        dataset = load(path, name, reading, report)
    if options.columns and not options.scale:
        steps.say(f"Scale: {dataset.rating_min:g} to {dataset.rating_max:g}, by the ratings; if not so, give --scale")
    return dataset


def _columns(text: str) -> dict[str, str]:
    parts = [part.partition("=") for part in text.split(",")]
    columns = {key.strip(): name.strip() for key, _, name in parts}
    needed, optional = set(COLUMNS[:3]), {COLUMNS[3], *MOVIE_COLUMNS}
    if len(columns) < len(parts) or not all(columns.values()) or not needed <= columns.keys() <= needed | optional:
        keys = f"{', '.join(COLUMNS[:3])}, and perhaps {', '.join(sorted(optional))}"
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=NAME once for each of {keys}, separated by commas")
    of_ratings = [columns[key] for key in COLUMNS if key in columns]
    if twice := [name for name in of_ratings if of_ratings.count(name) > 1]:
        raise argparse.ArgumentTypeError(f"{text!r} has {twice[0]!r} twice among {', '.join(COLUMNS)}: one column each")
    return columns


def _scale(text: str) -> tuple[float, float]:
    try:
        low, high = map(float, text.split(","))
    except ValueError:
        low = high = 0.0
    if not -1e6 <= low < high <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not two numbers, the lower first, such as 0,100")
    return low, high


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
