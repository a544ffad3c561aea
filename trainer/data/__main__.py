"""`python -m trainer.data`: makes sure that a data set is on this machine and prints its folder."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from trainer.data import DATASETS, DownloadError, resolve


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command.

    The folder is the only line on stdout; all else goes to stderr.

    Returns:
        The exit status: 0, 1 where the data cannot be had, 130 on Ctrl-C.
    """
    options = _parse(arguments)
    # Leaves by way of an exception, so that temporary folders are cleared.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        folder = resolve(options.dataset, None, options.cache)
    except DownloadError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    sys.stdout.write(f"{folder.absolute()}\n")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.data", description=__doc__)
    parser.add_argument("--dataset", choices=DATASETS, default=DATASETS[0], help="which one (%(default)s)")
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=os.environ.get("PAIRREC_CACHE") or None,
        help="where data sets are kept (PAIRREC_CACHE, else your cache folder for pairrec)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
