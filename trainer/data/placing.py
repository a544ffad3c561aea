"""Folders that appear whole or not at all, whoever else is at work on them."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import platformdirs
from rich.console import Console

from trainer.data.errors import DownloadError


def cached_folder(dataset: str, cache_dir: Path | None) -> Path:
    """Names the folder a data set is kept in: under `cache_dir`, or the person's cache folder for pairrec."""
    return (cache_dir or platformdirs.user_cache_path("pairrec")) / dataset


def wait_for(lock: TextIO, folder: Path) -> None:
    """Takes the lock of a folder; waits, and says so on stderr, while another process holds it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
        console.print(f"Another run is writing {folder}; waiting for it.")
        fcntl.flock(lock, fcntl.LOCK_EX)


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Holds off other processes that would write `folder`, and clears what killed ones left beside it.

    Waits, and says so on stderr, while another process holds it. A process that dies lets go.

    Raises:
        DownloadError: The block, or this, cannot write where the folder is.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with (folder.parent / f".{folder.name}.lock").open("w") as lock:
            wait_for(lock, folder)
            for leftover in folder.parent.glob(f"{_partial(folder)}*"):
                shutil.rmtree(leftover, ignore_errors=True)
            yield
    except OSError as error:
        way_out = "choose another cache with --cache DIR or PAIRREC_CACHE"
        raise DownloadError(f"{folder} cannot be written ({error}); {way_out}") from error


@contextmanager
def filling(folder: Path) -> Iterator[Path]:
    """Lends an empty folder whose files take their place in `folder` when the block ends without an error.

    To be used inside `exclusive`. Where `folder` is not there yet, the lent one is renamed to it; otherwise
    its files replace those of the same name one by one, and nothing else there is touched.

    Yields:
        The folder to fill; what lies beside it is removed with it in the end.

    Raises:
        OSError: There is no room or no right to write.
    """
    with TemporaryDirectory(prefix=_partial(folder), dir=folder.parent) as work:
        lent = Path(work) / folder.name
        lent.mkdir()
        yield lent
        if not folder.exists():
            lent.rename(folder)
            return
        for path in lent.iterdir():
            path.replace(folder / path.name)


def _partial(folder: Path) -> str:
    return f".{folder.name}.partial-"
