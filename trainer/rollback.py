"""`python -m trainer.rollback`: has an older release served, by pinning it, or ends that."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from server.errors import ReleaseError
from trainer.command import NOT_SERVED, add_address_flag, add_releases_flag, add_wait_flag, run
from trainer.progress import Steps
from trainer.release.handover import Handover, works
from trainer.release.publish import pin_locked, replace_file
from trainer.release.served import open_whole, what_is_served, whole_versions

if TYPE_CHECKING:
    from collections.abc import Sequence

PIN = "PINNED"
NEWEST = "newest"
EPILOG = """\
Releases made later are not served while one is pinned: end that with --to newest. `python -m trainer.releases` (make
releases) lists what there is. Exit status: 0 done; 1 nothing was changed; 2 bad usage; 4 done, but the gateway does
not serve it yet; 130 on Ctrl-C.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status, which `--help` explains."""
    options = _parse(arguments)
    return run(lambda: _rollback(options))


def _rollback(options: argparse.Namespace) -> int:
    if not (catalogs := options.releases / "catalog").is_dir():
        raise ReleaseError(
            f"there is no folder {catalogs}; name that of the releases with --releases (make: RELEASES=)"
        )
    handover = Handover(options.releases, options.address, options.wait, Steps())
    version = _unpin(handover) if options.to == NEWEST else _pin(handover, options.to)
    return 0 if version is None or handover.wait_until_served(version) else NOT_SERVED


def _unpin(handover: Handover) -> int | None:
    """Returns the release that will be served: the newest that works, if there is any."""
    with pin_locked(handover.root):
        was_pinned = (pin := handover.root / PIN).exists()
        pin.unlink(missing_ok=True)
    handover.steps.say("No release is pinned any more." if was_pinned else "No release was pinned.")
    newest = next((version for version in whole_versions(handover.root) if works(handover.root, version)), None)
    handover.steps.say(f"The newest release that works is {newest}." if newest else "No release works.")
    return newest


def _pin(handover: Handover, wanted: int | None) -> int:
    # Before the lock: this takes a while, in which nobody else has to wait.
    version = wanted or _older(handover)
    try:
        if wanted:
            _check(handover, wanted)
        with pin_locked(root := handover.root):
            open_whole(root, version)  # it may have been removed meanwhile
            replace_file(root / PIN, lambda path: path.write_text(f"{version}\n", encoding="utf-8"))
    except ReleaseError as error:
        raise ReleaseError(f"release {version} cannot be pinned: {error}; choose another one: make releases") from error
    handover.steps.say(f"Release {version} is pinned, until make rollback VERSION={NEWEST} (--to {NEWEST}).")
    return version


def _older(handover: Handover) -> int:
    """Returns the next older release than the one that is served of those that work."""
    root, served = handover.root, what_is_served(handover.root, handover.address)
    if served.version is None:
        raise ReleaseError(
            f"no release is served, so none is older (according to {served.said_by}); name one with --to"
        )
    handover.steps.say(f"Release {served.version} is served (according to {served.said_by}).")
    for version in (version for version in whole_versions(root) if version < served.version):
        try:
            _check(handover, version)
        except ReleaseError as error:
            handover.steps.say(f"Release {version} is passed over: {error}")
        else:
            return version
    raise ReleaseError(f"{root} holds no older release than {served.version}, which is served, that works")


def _check(handover: Handover, version: int) -> None:
    """Runs its models, as one that is pinned and does not work would leave nothing to serve.

    Raises:
        ReleaseError: It does not work; the message says what is wrong with it.
    """
    open_whole(handover.root, version)
    with handover.steps.step(f"trying release {version}"):
        # Takes seconds: not before there is something to try.
        from trainer.release.check import check_published

        check_published(handover.root, version)


def _version(text: str) -> int | str:
    if text != NEWEST and not (text.isdecimal() and 0 < int(text) < 10**18):
        raise argparse.ArgumentTypeError(f"{text!r} is neither a version number nor {NEWEST!r}")
    return text if text == NEWEST else int(text)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.rollback", description=__doc__, epilog=EPILOG)
    what = f"the release to pin, or {NEWEST!r}: pin none (the next older one than what is served that works)"
    parser.add_argument("--to", type=_version, metavar="VERSION", help=what)
    add_releases_flag(parser)
    add_address_flag(parser)
    add_wait_flag(parser)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
