"""Gives a release its version number and puts it where servers look, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# In the order in which they are put in place: a release exists when its catalogue does.
ARTEFACTS = ("query_tower", "movie_index", "ranking_head", "catalog")


def publish(root: Path, write: Callable[[int, dict[str, Path]], None]) -> int:
    """Publishes one release under `root` and returns its version.

    Each artefact is written under a name that servers ignore and renamed when all are whole, the catalogue last.
    What an export that was killed left behind is cleared, and its version number is not used again, since a model
    server may have loaded what it left.

    Args:
        root: The folder of all releases; made where it is missing.
        write: Called with the version and an empty folder for each artefact of `ARTEFACTS`.

    Raises:
        OSError: `root` cannot be written, or is full; then there is no release more and none less.
    """
    for artefact in ARTEFACTS:
        (root / artefact).mkdir(parents=True, exist_ok=True)
    with _exclusive(root / ".lock"):
        _clear_partials(root)
        version = 1 + max((number for artefact in ARTEFACTS for number in versions(root / artefact)), default=0)
        staged = {artefact: root / artefact / f".{version}.partial" for artefact in ARTEFACTS}
        try:
            for folder in staged.values():
                folder.mkdir()
            write(version, staged)
            os.sync()
            for artefact in ARTEFACTS:
                staged[artefact].rename(root / artefact / str(version))
        except BaseException:
            _clear_partials(root)
            raise
        # Not before there is a higher version: while they are here, their numbers are taken.
        _clear_leftovers(root)
    return version


def versions(folder: Path) -> list[int]:
    """Returns the version numbers in the folder of one artefact, in no order."""
    return [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal() and entry.is_dir()]


def _clear_partials(root: Path) -> None:
    for artefact in ARTEFACTS:
        for partial in (root / artefact).glob(".*.partial"):
            shutil.rmtree(partial, ignore_errors=True)


def _clear_leftovers(root: Path) -> None:
    """Removes the versions that have no catalogue."""
    whole = set(versions(root / "catalog"))
    for artefact in ARTEFACTS:
        for entry in (root / artefact).iterdir():
            if entry.name.isdecimal() and int(entry.name) not in whole:
                shutil.rmtree(entry, ignore_errors=True)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    """Waits until no other process publishes; the lock goes with the process that holds it."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
