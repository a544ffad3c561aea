"""Data sets: found, fetched or generated, checked, and read into one form."""

from trainer.data.dataset import Dataset, Movie
from trainer.data.errors import DataError, DownloadError
from trainer.data.folders import DATASETS, resolve
from trainer.data.loading import Reading, load

__all__ = ["DATASETS", "DataError", "Dataset", "DownloadError", "Movie", "Reading", "load", "resolve"]
