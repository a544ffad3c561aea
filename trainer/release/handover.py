"""What follows once a release is in place or pinned: a gateway takes it up, and the oldest ones go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING

from server.errors import ReleaseError
from server.gateway.release_folder import read_release_folder
from trainer.release.publish import locked, pin_locked, withdraw
from trainer.release.served import NoGatewayError, NothingServedError, UnclearAnswerError, ask, whole_versions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from server.gateway.release_folder import Identity
    from trainer.progress import Steps

KEPT = 3
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class Handover:
    """The handing over of one folder's releases to the gateway at `address`, which has so many seconds for it."""

    root: Path
    address: str
    wait_seconds: float
    steps: Steps

    def follow(self, version: int) -> bool:
        """Sees a new release through: waits until it is served, then removes the oldest ones.

        Returns:
            Whether all is as it should be: it is served, or another one is pinned, or there is no gateway.
        """
        if (pinned := read_release_folder(self.root).pinned) is not None:
            self.steps.say(f"Release {pinned} is pinned and goes on being served, until make rollback VERSION=newest.")
        is_well = pinned is not None or self.wait_until_served(version)
        self.prune()
        return is_well

    def wait_until_served(self, version: int) -> bool:
        """Waits until the gateway serves a release, or a later one where none is pinned; says what keeps it.

        Returns:
            Whether it does, or there is no gateway to wait for.
        """
        try:
            ask(self.root, self.address)
        except (NothingServedError, UnclearAnswerError):
            pass  # it may be waiting for just this, or be busy
        except NoGatewayError as error:
            self.steps.say(f"Nothing to wait for: {error}.")
            return True
        reason = self._wait(version)
        state = f"is not served after {self.wait_seconds:g} s: {reason}" if reason else "is served"
        self.steps.say(f"Release {version} {state}.")
        return not reason

    def _wait(self, version: int) -> str:
        """Returns what still keeps it when the time is over; empty: it is served."""
        end, said = time.monotonic() + self.wait_seconds, ""
        with self.steps.step(f"waiting for the gateway at {self.address}"):
            while reason := self._keeps(version):
                if time.monotonic() >= end:
                    break
                if reason != said:
                    self.steps.say(f"  not yet: {reason}")
                said = reason
                time.sleep(LOOK_SECONDS)
        return reason

    def _keeps(self, version: int) -> str:
        pinned = read_release_folder(self.root).pinned
        try:
            served = ask(self.root, self.address)
        except (NoGatewayError, UnclearAnswerError) as error:
            return str(error)
        found = served.version or 0
        if found == version or (found > version and pinned is None):
            return ""
        return served.skipped.get(version) or f"release {found} is served"

    def prune(self) -> None:
        """Removes the releases that `beyond_kept` names; waits while another process writes a release.

        Raises:
            PublishError: The folder cannot be written; what could not be removed is still there.
        """
        with locked(self.root):
            try:
                served = ask(self.root, self.address)
            except (NoGatewayError, UnclearAnswerError) as error:
                self.steps.say(f"No older release is removed: {error}.")
                return
            for version in beyond_kept(self.root, served.version or 0, lambda one: works(self.root, one)):
                self._remove(version)

    def _remove(self, version: int) -> None:
        with pin_locked(self.root):
            if read_release_folder(self.root).pinned == version:  # since it was chosen
                return
            withdraw(self.root, version)
        self.steps.say(f"Release {version} is removed: newer ones are kept.")


def beyond_kept(root: Path, served: int, works: Callable[[int], bool]) -> list[int]:
    """Returns the releases to be removed while `served` is served, highest version first.

    Kept are what is served or pinned, the newest three whole ones with all that is newer, and, as a way back, the
    newest three that work and are not newer than what is served. Nothing goes while it is unclear what is pinned.

    Args:
        root: The folder of all releases.
        served: The version.
        works: Says whether a release does; asked only of those that could be kept for it, and if any could go.
    """
    folder, whole = read_release_folder(root), whole_versions(root)
    if len(whole) < KEPT or folder.pin_fault:
        return []
    rest = [
        version for version in folder.listed if version < whole[KEPT - 1] and version not in (served, folder.pinned)
    ]
    if not rest:
        return []
    way_back = set(islice((version for version in whole if version <= served and works(version)), KEPT))
    return [version for version in rest if version not in way_back]


def works(root: Path, version: int) -> bool:
    """Returns whether the models of a release load, run and fit its catalogue; asks once in a process."""
    return _works(root, version, read_release_folder(root).identities.get(version))


@cache
def _works(root: Path, version: int, identity: Identity | None) -> bool:  # noqa: ARG001 - it tells another release apart
    # TensorFlow takes seconds to load, and not all who hand over come this far.
    from trainer.release.check import check_published

    try:
        check_published(root, version)
    except ReleaseError:
        return False
    return True
