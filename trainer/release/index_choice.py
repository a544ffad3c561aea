"""Which retrieval index a release may have: checked before anything is trained."""

from __future__ import annotations

import importlib.util
import os
import shutil

from server.serve.model_servers import BINARY, choose_model_server, docker_lacks
from trainer.data import DataError

BRUTEFORCE, SCANN = "bruteforce", "scann"
INDEXES = (BRUTEFORCE, SCANN)
# ScaNN learns clusters and codes from the movies themselves, and exact search is faster even at 1,664 of them.
FEWEST_MOVIES = 1_000


def check_index(index: str, num_movies: int, stock_server: str = "") -> None:
    """Makes sure that an index can be built and served.

    Args:
        index: One of `INDEXES`.
        num_movies: How many movies it is to hold.
        stock_server: The stock TensorFlow Serving that is to serve it, in words; empty: none is known.

    Raises:
        DataError: It cannot; the message says why and what to do.
    """
    if index != SCANN:
        return
    if importlib.util.find_spec("scann") is None:
        reason = "the package scann is not installed; it comes with the extra train on Linux x86-64"
    elif num_movies < FEWEST_MOVIES:
        reason = f"the data has {num_movies:,} movies, and ScaNN needs {FEWEST_MOVIES:,} at least"
    elif stock_server:
        reason = f"stock TensorFlow Serving has no ScaNN and cannot load it, and what would serve is {stock_server}"
    else:
        return
    raise DataError(f"--index {SCANN} cannot be used: {reason}. Use --index {BRUTEFORCE}.")


def stock_server() -> str:
    """Returns in words which stock TensorFlow Serving `make serve` would use here; empty where it is the stand-in.

    No image is fetched for that: where a Docker engine runs, `make serve` would have the image.
    """
    target = os.environ.get("TF_SERVING_TARGET", "")
    chosen = choose_model_server(target, shutil.which(BINARY), docker_lacks)
    return "" if chosen.is_stand_in else chosen.description
