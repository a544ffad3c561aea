"""Which folder holds the data someone asked for."""

from pathlib import Path

from trainer.data.download import ensure_movielens_100k
from trainer.data.placing import cached_folder
from trainer.data.synthetic import generate

DATASETS = ("ml-100k", "synthetic")


def resolve(dataset: str | None, data: Path | None, cache: Path | None) -> Path:
    """Finds the folder to read, fetching or generating the data set where it is missing.

    Args:
        dataset: One of `DATASETS`; may be None where `data` is given.
        data: A folder of the person's own, which wins over everything; its form is checked when it is read.
        cache: Where data sets are kept; the person's cache folder for pairrec by default.

    Returns:
        A folder in MovieLens-100K's format.

    Raises:
        DownloadError: The set cannot be fetched, or the cache cannot be written.
        ValueError: There is no such data set.
    """
    if data is not None:
        return data
    if dataset == "ml-100k":
        return ensure_movielens_100k(cache)
    if dataset == "synthetic":
        folder = cached_folder(dataset, cache)
        generate(folder)
        return folder
    raise ValueError(f"dataset is {dataset!r}, allowed is one of {', '.join(DATASETS)}")
