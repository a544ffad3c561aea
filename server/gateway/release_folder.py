"""What lies in the releases folder: which releases there are, and which one an operator has pinned."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

# Inode and time of change of release.json: what tells a release from another under the same number.
Identity: TypeAlias = tuple[int, int]
# Of those that are whole numbers of 64 bits, as versions are wherever they travel.
_VERSION = re.compile("[1-9][0-9]{0,17}")


@dataclass(frozen=True)
class ReleaseFolder:
    """The releases folder at one moment.

    Attributes:
        versions: The whole releases, highest first, and the pinned one even if it is not there.
        pinned: The version the file PINNED names; None without the file.
        pin_fault: What is wrong with PINNED, if anything; then no release may be chosen.
        identities: The identity of each whole release.
    """

    versions: tuple[int, ...]
    pinned: int | None = None
    pin_fault: str = ""
    identities: Mapping[int, Identity] = field(default_factory=dict)

    def objection(self, version: int) -> str:
        """Returns why a release may not be served although it is there; empty when it may."""
        if self.pinned not in (None, version):
            return f"release {self.pinned} is pinned"
        return self.pin_fault

    def replaces(self, version: int, identity: Identity | None) -> bool:
        """Returns whether another release than the one of an identity has come to its number."""
        return self.identities.get(version, identity) != identity


def read_release_folder(root: Path) -> ReleaseFolder:
    """Lists the releases folder; a missing folder holds no releases.

    A release is there when its `catalog/<version>/release.json` is; any other name is an export under way.
    """
    identities = dict(_identities(root))
    try:
        text = (root / "PINNED").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _folder(identities)
    except (OSError, UnicodeDecodeError) as error:
        return _folder(identities, pin_fault=f"PINNED cannot be read: {error}")
    if not _VERSION.fullmatch(text):
        return _folder(identities, pin_fault=f"PINNED holds {text[:20]!r}, must hold one version number")
    return _folder(identities, pinned=int(text))


def _identities(root: Path) -> Iterator[tuple[int, Identity]]:
    for path in root.glob("catalog/*/release.json"):
        if _VERSION.fullmatch(path.parent.name):
            with suppress(FileNotFoundError):  # it may go while it is looked at
                found = path.stat()
                yield int(path.parent.name), (found.st_ino, found.st_mtime_ns)


def _folder(identities: Mapping[int, Identity], pinned: int | None = None, pin_fault: str = "") -> ReleaseFolder:
    versions = {*identities, *([pinned] if pinned else [])}
    return ReleaseFolder(tuple(sorted(versions, reverse=True)), pinned, pin_fault, identities)
