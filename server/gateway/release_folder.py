"""What lies in the releases folder: which releases there are, and which one an operator has pinned."""

import re
from collections.abc import Iterable, Iterator, Mapping
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
        versions: The releases that are there, highest first, and the pinned one even if it is not.
        pinned: The version the file PINNED names; None without the file.
        pin_fault: What is wrong with PINNED, if anything; then no release may be chosen.
        identities: The identity of each release that is there.
        listed: The versions, and those of which only a part is there, highest first.
    """

    versions: tuple[int, ...]
    pinned: int | None = None
    pin_fault: str = ""
    identities: Mapping[int, Identity] = field(default_factory=dict)
    listed: tuple[int, ...] = ()

    def objection(self, version: int) -> str:
        """Returns why a release may not be served although it is there; empty when it may."""
        if self.pinned not in (None, version):
            return f"release {self.pinned} is pinned"
        absent = f"catalog/{version}/release.json is missing: its export is under way, or was stopped"
        return self.pin_fault or ("" if version in self.identities else absent)

    def replaces(self, version: int, identity: Identity | None) -> bool:
        """Returns whether another release than the one of an identity has come to its number."""
        return self.identities.get(version, identity) != identity


def read_release_folder(root: Path) -> ReleaseFolder:
    """Lists the releases folder; a missing folder holds no releases.

    A release is there when its `catalog/<version>/release.json` is; the models alone are an export under way or one
    that was stopped. Any other name is of no interest.
    """
    identities = dict(_identities(root))
    pinned, pin_fault = _read_pin(root / "PINNED")
    versions = identities.keys() | ({pinned} if pinned else set())
    # The first that an export puts in place, and the last.
    names = {path.name for artefact in ("query_tower", "catalog") for path in root.glob(f"{artefact}/*")}
    listed = versions | {int(name) for name in names if _VERSION.fullmatch(name)}
    return ReleaseFolder(_highest_first(versions), pinned, pin_fault, identities, _highest_first(listed))


def _highest_first(versions: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(versions, reverse=True))


def _read_pin(path: Path) -> tuple[int | None, str]:
    """Returns the version that is pinned, if any, and what is wrong with the file, if anything."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None, ""
    except (OSError, UnicodeDecodeError) as error:
        return None, f"PINNED cannot be read: {error}"
    if not _VERSION.fullmatch(text):
        return None, f"PINNED holds {text[:20]!r}, must hold one version number"
    return int(text), ""


def _identities(root: Path) -> Iterator[tuple[int, Identity]]:
    for path in root.glob("catalog/*/release.json"):
        if _VERSION.fullmatch(path.parent.name):
            with suppress(FileNotFoundError):  # it may go while it is looked at
                found = path.stat()
                yield int(path.parent.name), (found.st_ino, found.st_mtime_ns)
