"""Files of a job, on any file system that Beam knows; one has its name only when it is whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import BinaryIO
from uuid import uuid4

from apache_beam.io.filesystems import FileSystems

from server.jobs.errors import JobError

# Files under way, and those of runs that were killed.
UNFINISHED = "_unfinished"


def check_file_system(path: str) -> None:
    """Checks that Beam knows the file system of a path.

    Raises:
        JobError: It does not, or lacks the package for it.
    """
    try:
        FileSystems.get_filesystem(path)
    except ValueError as error:
        raise JobError(f"{path} cannot be used: {error}") from error


def path_in(output: str, name: str) -> str:
    """Returns the path of a file or folder in the output folder."""
    path: str = FileSystems.join(output, name)
    return path


def create_folder(output: str, name: str) -> str:
    """Returns the path of a folder in the output folder, which is there now, as that is."""
    folder = path_in(output, name)
    with suppress(OSError):  # it is there
        FileSystems.mkdirs(folder)
    return folder


def new_file(output: str) -> str:
    """Returns the path of a file under way, of a name that no other has."""
    return path_in(create_folder(output, UNFINISHED), uuid4().hex)


@contextmanager
def whole_file(output: str, name: str) -> Iterator[BinaryIO]:
    """Opens a file to write, which comes to its name in the output folder when it is written and on the disk."""
    path = new_file(output)
    with FileSystems.create(path) as file:
        yield file
        file.flush()
        with suppress(AttributeError, OSError):  # only a file of this machine has a number
            os.fsync(file.fileno())
    FileSystems.rename([path], [path_in(output, name)])


def open_file(path: str) -> BinaryIO:
    """Opens a file to read; what its ending says is compressed is read as what it was before.

    Raises:
        OSError: There is no such file, or it cannot be read.
    """
    return FileSystems.open(path)


def read_if_there(output: str, name: str) -> bytes | None:
    """Returns what is in a file of the output folder, or None where there is none."""
    path = path_in(output, name)
    if not FileSystems.exists(path):
        return None
    with open_file(path) as file:
        return file.read()


def remove(*paths: str) -> None:
    """Removes files, and folders with all that is in them, if they are there."""
    if there := [path for path in paths if FileSystems.exists(path)]:
        FileSystems.delete(there)
