"""`python -m trainer.evaluate`: trains on one part of the data and measures the exported release on the other."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rich.table import Table

from trainer.data import DataError, DownloadError, load, resolve
from trainer.progress import Steps

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0, 1 for data or a file that cannot be used, 130 on Ctrl-C."""
    options = _parse(arguments)
    # Leaves by way of an exception, so that the release that is measured is cleared.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        measured = _measure(options)
        Steps().show(_table(measured))
        if options.json:
            options.json.write_text(json.dumps(measured, indent=2) + "\n", encoding="utf-8")
    except (DataError, DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _measure(options: argparse.Namespace) -> dict[str, dict[str, float]]:
    # Loads TensorFlow, which takes seconds: not before the arguments are known to be good.
    from trainer.evaluate import p1
    from trainer.train import Training, TrainSettings

    steps = Steps()
    train, test = p1.split(load(resolve("ml-100k", options.data, None)))
    settings = TrainSettings()
    settings = replace(settings, fit=replace(settings.fit, seed=options.seed))
    with tempfile.TemporaryDirectory() as folder:
        version = Training(train, settings, steps).run(Path(folder)).version
        with steps.step("measuring the exported release"):
            return p1.measure(Path(folder), version, test)


def _table(measured: dict[str, dict[str, float]]) -> Table:
    table = Table(title="Protocol P1, through the exported SavedModels")
    for heading in ("what", "metric", "value"):
        table.add_column(heading, justify="right" if heading == "value" else "left")
    for what, metrics in measured.items():
        for metric, value in metrics.items():
            table.add_row(what, metric, f"{value:.4f}")
    return table


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer.evaluate", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with MovieLens-100K; fetched without it")
    parser.add_argument("--protocol", choices=["p1"], default="p1", help="how to split (%(default)s)")
    parser.add_argument("--seed", type=int, default=37, help="of training, not of the split (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures here")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
