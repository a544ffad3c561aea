"""Gives a release its version number and puts it where servers look, whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from trainer.data.placing import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TextIO

# In the order in which they are put in place: a release exists when its catalogue does.
ARTEFACTS = ("query_tower", "movie_index", "ranking_head", "catalog")
# Held while one publishes; holds the highest version number that was ever used.
LOCK = ".lock"
# Held for a moment, while PINNED is written or a release removed: nobody waits for an export with it.
PIN_LOCK = ".pin.lock"


class PublishError(OSError):
    """A release cannot be written; the message says where and why."""


def prepare(root: Path) -> None:
    """Makes the folder of all releases, or finds out early that no release can be written there.

    Raises:
        PublishError: It cannot.
    """
    with _explaining(root):
        for artefact in ARTEFACTS:
            (root / artefact).mkdir(parents=True, exist_ok=True)
        for name in (LOCK, PIN_LOCK):
            (root / name).open("a").close()


def publish(root: Path, write: Callable[[int, dict[str, Path]], None]) -> int:
    """Publishes one release under `root` and returns its version.

    Each artefact is written under a name that servers ignore and renamed when all are whole, the catalogue last.
    What an export that was killed left behind is cleared, and its version number is not used again, since a model
    server may have loaded what it left. Nor is that of a release that was removed since: the lock's file keeps the
    highest. Waits, and says so on stderr, while another process publishes.

    Args:
        root: The folder of all releases; made where it is missing.
        write: Called with the version and an empty folder for each artefact of `ARTEFACTS`.

    Raises:
        PublishError: `root` cannot be written, or is full; then there is no release more and none less.
    """
    with locked(root) as lock:
        taken = (number for artefact in ARTEFACTS for number in versions(root / artefact))
        version = 1 + max([_highest(lock), *taken])
        staged = {artefact: root / artefact / f".{version}.partial" for artefact in ARTEFACTS}
        try:
            for folder in staged.values():
                folder.mkdir()
            write(version, staged)
            for folder in staged.values():
                _flush(folder, *folder.rglob("*"))
            _keep(lock, version)
            for artefact in ARTEFACTS:
                staged[artefact].rename(root / artefact / str(version))
                _flush(root / artefact)
        except BaseException:
            _clear_partials(root)
            raise
        # Not before there is a higher version: while they are here, their numbers are taken.
        _clear_leftovers(root)
    return version


@contextmanager
def locked(root: Path) -> Iterator[TextIO]:
    """Holds off others who would write releases under `root`, and clears what killed exports left half-written.

    Waits, and says so on stderr, while another process writes.

    Yields:
        The open lock file.

    Raises:
        PublishError: The block, or this, cannot write there.
    """
    prepare(root)
    with _explaining(root), (root / LOCK).open("r+") as lock:
        wait_for(lock, root)
        _clear_partials(root)
        yield lock


@contextmanager
def pin_locked(root: Path) -> Iterator[None]:
    """Holds off others who would change which release is pinned, or remove one, from a folder that is there.

    Raises:
        PublishError: The block, or this, cannot write there.
    """
    with _explaining(root), (root / PIN_LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Puts what `write` writes in the place of a file, whole or not at all; who has the old one open keeps it."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        write(partial)
        _flush(partial)
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _flush(path.parent)


def versions(folder: Path) -> list[int]:
    """Returns the version numbers in the folder of one artefact, in no order."""
    return [int(entry.name) for entry in folder.iterdir() if entry.name.isdecimal() and entry.is_dir()]


def withdraw(root: Path, version: int) -> None:
    """Removes a release, its catalogue first; to be called while `locked`.

    Each artefact vanishes in one step. Of a removal that was killed a model may be left, which the next export clears.
    """
    for artefact in reversed(ARTEFACTS):
        folder = root / artefact / str(version)
        if folder.is_dir():
            folder.rename(root / artefact / f".{version}.partial")
            _flush(root / artefact)
    _clear_partials(root)


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


def _highest(lock: TextIO) -> int:
    """Returns the highest number that was ever used, as far as the file knows."""
    text = lock.read()
    return int(text) if text.isdecimal() else 0


def _keep(lock: TextIO, version: int) -> None:
    lock.seek(0)
    lock.truncate()
    lock.write(str(version))
    lock.flush()
    os.fsync(lock.fileno())


def _flush(*paths: Path) -> None:
    """Makes sure that the content of files, and the names in folders, survive a power cut."""
    for path in paths:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


@contextmanager
def _explaining(root: Path) -> Iterator[None]:
    try:
        yield
    except PublishError:
        raise
    except OSError as error:
        raise PublishError(f"cannot change the releases in {root}: {error}") from error
