"""What lies in the releases folder: which releases there are, and which one an operator has pinned."""

import re
from dataclasses import dataclass
from pathlib import Path

_VERSION = re.compile("[1-9][0-9]*")


@dataclass(frozen=True)
class ReleaseFolder:
    """The releases folder at one moment.

    Attributes:
        versions: The whole releases, highest first, and the pinned one even if it is not there.
        pinned: The version the file PINNED names; None without the file.
        pin_fault: What is wrong with PINNED, if anything; then no release may be chosen.
    """

    versions: tuple[int, ...]
    pinned: int | None = None
    pin_fault: str = ""

    def objection(self, version: int) -> str:
        """Returns why a release may not be served although it is there; empty when it may."""
        if self.pinned not in (None, version):
            return f"release {self.pinned} is pinned"
        return self.pin_fault


def read_release_folder(root: Path) -> ReleaseFolder:
    """Lists the releases folder; a missing folder holds no releases.

    A release is there when its `catalog/<version>/release.json` is; any other name is an export under way.
    """
    names = {path.parent.name for path in root.glob("catalog/*/release.json")}
    versions = {int(name) for name in names if _VERSION.fullmatch(name)}
    try:
        text = (root / "PINNED").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return _folder(versions)
    except (OSError, UnicodeDecodeError) as error:
        return _folder(versions, pin_fault=f"PINNED cannot be read: {error}")
    if not _VERSION.fullmatch(text):
        return _folder(versions, pin_fault=f"PINNED holds {text[:20]!r}, must hold one version number")
    return _folder(versions | {int(text)}, pinned=int(text))


def _folder(versions: set[int], pinned: int | None = None, pin_fault: str = "") -> ReleaseFolder:
    return ReleaseFolder(tuple(sorted(versions, reverse=True)), pinned, pin_fault)
