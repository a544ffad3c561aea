"""MovieLens-100K, where it can be found or fetched."""

import os
from pathlib import Path

import pytest

from trainer.data import DownloadError, load, resolve


@pytest.fixture(scope="session")
def movielens_100k():
    cache = os.environ.get("PAIRREC_CACHE")
    try:
        return load(resolve("ml-100k", None, Path(cache) if cache else None))
    except DownloadError as error:
        pytest.skip(str(error))
