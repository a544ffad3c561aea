"""The flag that says where data sets are kept, the same for every command that reads them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_cache_flag(parser: argparse.ArgumentParser) -> None:
    """Adds --cache, whose default is the environment's PAIRREC_CACHE; None: the person's cache folder for pairrec."""
    parser.add_argument(
        "--cache",
        type=Path,
        metavar="DIR",
        default=os.environ.get("PAIRREC_CACHE") or None,
        help="where data sets are kept (PAIRREC_CACHE, else your cache folder for pairrec)",
    )
