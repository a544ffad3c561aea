"""`python -m tests.integration.trainer.exporting ROOT MADE EVENTS COUNTDOWN`: an export that kills itself on the way.

It publishes under ROOT what lies in MADE. So many of the EVENTS (audit events with commas between) under ROOT happen;
before the next one it kills itself.
"""

import os
import signal
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from trainer.release.publish import publish

HALF_WRITTEN = "half written"


def write(made: Path, version: int, folders: Mapping[str, Path]) -> None:
    """Copies a release, by halves of files, and numbers it."""
    for artefact, folder in folders.items():
        for path in sorted((made / artefact).rglob("*")):
            target = folder / path.relative_to(made / artefact)
            if path.is_dir():
                target.mkdir()
            else:
                _write_by_halves(target, path.read_bytes().replace(b'"version": 0', f'"version": {version}'.encode()))


def _write_by_halves(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content[: len(content) // 2])
        file.flush()
        sys.audit(HALF_WRITTEN, str(path))
        file.write(content[len(content) // 2 :])


def main() -> None:
    root, made, events, countdown = sys.argv[1:]
    left = int(countdown)

    def die(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event in events.split(",") and str(arguments[0]).startswith(root):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(die)
    publish(Path(root), partial(write, Path(made)))


if __name__ == "__main__":
    main()
