"""`python -m trainer.releases`: lists the releases, how good they are, which one is served, and why another is not."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from server.errors import ReleaseError
from server.gateway.release_folder import read_release_folder
from trainer.command import add_address_flag, add_releases_flag, run
from trainer.release.gate import HEADINGS
from trainer.release.served import Served, open_whole, served_metrics, what_answers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Where there is no terminal nothing is cut.
PIPE_WIDTH = 200


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0, 1 where the folder cannot be read, 130 on Ctrl-C."""
    options = _parse(arguments)
    return run(lambda: _show(options))


def list_releases(root: Path, served: Served) -> list[dict[str, Any]]:
    """Returns what is known of each release of a folder as JSON values, highest version first.

    Of one that is not whole that is "version", "served", "pinned" and "reason", which says what is wrong.
    """
    folder = read_release_folder(root)
    listed = []
    for version in folder.listed:
        release: dict[str, Any] = {
            "version": version,
            "served": version == served.version,
            "pinned": version == folder.pinned,
        }
        try:
            release |= _described(root, version)
        except ReleaseError as error:
            release["reason"] = str(error)
        if version in served.skipped:
            release["reason"] = served.skipped[version]
        listed.append(release)
    return listed


def _described(root: Path, version: int) -> dict[str, Any]:
    info = open_whole(root, version)
    document = json.loads((root / "catalog" / str(version) / "release.json").read_text(encoding="utf-8"))
    return {
        "created": info.created.isoformat(),
        "data": info.data.name,
        "fingerprint": info.data.fingerprint,
        "metrics": served_metrics(info.metrics),
        "forced": document.get("forced", []),
    }


def _show(options: argparse.Namespace) -> int:
    served = what_answers(options.releases, options.address)
    listed = list_releases(options.releases, served)
    console = Console(markup=False, emoji=False, highlight=False)
    if options.json:
        document = {"according_to": served.said_by, "releases": listed}
        console.out(json.dumps(document, indent=2, ensure_ascii=False), highlight=False)
    elif not listed:
        console.print(f"{options.releases} holds no release; make release trains one.", soft_wrap=True)
    else:
        console.width = console.width if console.is_terminal else PIPE_WIDTH
        console.print(_table(listed))
        console.print(f"What is served: according to {served.said_by}.", soft_wrap=True)
    return 0


def _table(listed: Sequence[dict[str, Any]]) -> Table:
    table = Table()
    for heading in ("release", "age", "data", *HEADINGS.values()):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("", overflow="fold")
    for release in listed:
        metrics = release.get("metrics", {})
        figures = (f"{metrics[name]:.4f}" if name in metrics else "" for name in HEADINGS)
        remarks = [name for name in ("served", "pinned", "forced") if release.get(name)]
        remarks += [f"not served: {release['reason']}"] if "reason" in release else []
        table.add_row(str(release["version"]), _age(release), release.get("data", ""), *figures, ", ".join(remarks))
    return table


def _age(release: dict[str, Any]) -> str:
    if "created" not in release:
        return ""
    hours = (datetime.now(UTC) - datetime.fromisoformat(release["created"])).total_seconds() / 3600
    return f"{hours * 60:.0f} min" if hours < 1 else f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.releases", description=__doc__)
    add_releases_flag(parser)
    add_address_flag(parser)
    parser.add_argument("--json", action="store_true", help="print the list as JSON")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
