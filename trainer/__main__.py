"""`python -m trainer`: trains on ratings and exports one release."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from trainer.command import add_cache_flag, run, seed
from trainer.data import DATASETS, load, resolve
from trainer.forgotten import FORGOTTEN, Forgotten
from trainer.progress import Steps
from trainer.release.publish import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
Two slices of the ratings are held back: settings are chosen on one, the table is measured on the other. Then the
models are fitted to every rating and exported as DIR/{query_tower,movie_index,ranking_head,catalog}/<version>.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0, 1 for data or a folder that cannot be used, 130 on Ctrl-C."""
    options = _parse(arguments)
    return run(lambda: _train(options))


def _train(options: argparse.Namespace) -> int:
    steps, started = Steps(), time.monotonic()
    loaded = load(resolve(options.dataset, options.data, options.cache), options.dataset)
    prepare(options.output)
    dataset = Forgotten.read(options.output).leave_out(loaded)
    if left_out := len(loaded.user_ids) - len(dataset.user_ids):
        people = f"{left_out:,} of {len(loaded.user_ids):,} people"
        steps.say(f"Left out, as they were forgotten: {people} ({options.output / FORGOTTEN})")
    with steps.step("loading TensorFlow"):
        # Takes seconds: not before arguments and data are known to be good.
        from trainer.report import metrics_table
        from trainer.train import Training, TrainSettings
    settings = TrainSettings()
    settings = replace(settings, fit=replace(settings.fit, seed=options.seed))
    trained = Training(dataset, settings, steps).run(options.output)
    steps.show(metrics_table(trained))
    steps.say(f"Release {trained.version} is in {options.output} ({time.monotonic() - started:.0f} s).")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__, epilog=EPILOG)
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="folder with u.data, u.item, u.user; without it, --dataset is fetched or generated",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", required=True, help="folder of all releases")
    parser.add_argument("--dataset", choices=DATASETS, help=f"which data to fetch, or what is in DIR ({DATASETS[0]})")
    parser.add_argument("--seed", type=seed, default=37, help="of everything random, 0 to 2^32 - 1 (%(default)s)")
    add_cache_flag(parser)
    options = parser.parse_args(arguments)
    if options.data and options.dataset == "synthetic":
        parser.error("--dataset synthetic is generated and not read: leave out --dataset, or --data")
    if not (options.data or options.dataset):
        options.dataset = DATASETS[0]
    return options


if __name__ == "__main__":
    sys.exit(main())
