"""`python -m trainer.forget`: removes a person from every catalogue, and from what is trained from then on."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.command import run
from trainer.forgotten import FORGOTTEN, Forgotten
from trainer.release.catalog import remove_people
from trainer.release.publish import PublishError, locked, versions

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
Run it again if it was interrupted. The models of older releases still hold the person's id and embedding, which the
gateway no longer asks for: train a new release (make train), then delete the older ones. docs/privacy.md says more.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0, 1 where something could not be done, 130 on Ctrl-C."""
    options = _parse(arguments)
    return run(lambda: forget(options.releases, options.user))


def forget(root: Path, user_id: str) -> int:
    """Forgets one person, and says what was done; waits while a release is published under `root`.

    First the list, so that no release is made with the person any more; then every release's catalogue, the oldest
    first. Whatever stops it, it can be run again.

    Returns:
        0, or 1 where a catalogue stays as it was.

    Raises:
        DataError: The list of those forgotten before cannot be read; nothing was done.
        PublishError: `root` is missing or cannot be written.
    """
    if not root.is_dir():
        raise PublishError(f"there is no folder {root}; name that of the releases with --releases (make: RELEASES=)")
    status = 0
    with locked(root):
        forgotten = Forgotten.read(root).adding(user_id)
        forgotten.write(root)
        _say(f"{user_id} is on the list {root / FORGOTTEN}: what is trained into {root} from now on leaves them out.")
        present = sorted(versions(root / "catalog"))
        for version in present:
            try:
                removed = remove_people(root / "catalog" / str(version), forgotten.among)
            except (OSError, ValueError, KeyError, TypeError) as error:
                sys.stderr.write(f"release {version} stays as it was ({error!r}); delete or mend it, and try again\n")
                status = 1
            else:
                _say(f"release {version}: {removed} ratings removed" if removed else f"release {version}: not in it")
    if present:
        _say("Models hold the id and embedding of whoever they were trained on, and popularity counts their ratings,")
        _say("until there is a new release (make train) and the older ones are deleted.")
    return status


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.forget", description=__doc__, epilog=EPILOG)
    parser.add_argument("--user", required=True, metavar="ID", help="the person's id in the data")
    parser.add_argument("--releases", type=Path, default="serving_models", metavar="DIR", help="(%(default)s)")
    options = parser.parse_args(arguments)
    if not options.user:
        parser.error("argument --user: it is empty: say whom to forget (make: USER=id)")
    return options


if __name__ == "__main__":
    sys.exit(main())
