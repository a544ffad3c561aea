"""What follows once a release is in place or pinned: a gateway takes it up, and the oldest ones go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from server.gateway.release_folder import read_release_folder
from trainer.release.publish import locked, withdraw
from trainer.release.served import NoGatewayError, NothingServedError, ask, whole_versions

if TYPE_CHECKING:
    from pathlib import Path

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
            return True
        if not self.wait_until_served(version):
            return False
        self.prune()
        return True

    def wait_until_served(self, version: int) -> bool:
        """Waits until the gateway serves a release, or a later one where none is pinned; says what keeps it.

        Returns:
            Whether it does, or there is no gateway to wait for.
        """
        try:
            ask(self.root, self.address)
        except NothingServedError:
            pass  # it may be waiting for just this
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
        except NoGatewayError as error:
            return str(error)
        found = served.version or 0
        if found == version or (found > version and pinned is None):
            return ""
        return served.skipped.get(version) or f"release {found} is served"

    def prune(self) -> None:
        """Removes the releases beyond the newest three whole ones; never what is served, pinned or newer than served.

        Raises:
            PublishError: The folder cannot be written; what could not be removed is still there.
        """
        with locked(self.root):
            try:
                served = ask(self.root, self.address)
            except NoGatewayError as error:
                self.steps.say(f"No older release is removed: {error}.")
                return
            for version in beyond_kept(self.root, served.version or 0):
                withdraw(self.root, version)
                self.steps.say(f"Release {version} is removed: {KEPT} newer ones are kept.")


def beyond_kept(root: Path, served: int) -> list[int]:
    """Returns the releases to be removed once `served` is served, highest version first; see `Handover.prune`."""
    folder, kept = read_release_folder(root), whole_versions(root)[:KEPT]
    if len(kept) < KEPT or folder.pin_fault:
        return []
    return [version for version in folder.listed if version < min(kept[-1], served) and version != folder.pinned]
