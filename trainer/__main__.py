"""`python -m trainer`: trains on ratings and exports one release."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from server.flag_values import number
from trainer.command import (
    NOT_SERVED,
    REFUSED,
    add_address_flag,
    add_data_flags,
    add_wait_flag,
    check_data_flags,
    read_data,
    run,
    seed,
)
from trainer.data import DATASETS, DataError
from trainer.forgotten import FORGOTTEN, Forgotten
from trainer.progress import Steps
from trainer.release.gate import MARGIN, Gate, ReleaseRefusedError
from trainer.release.handover import Handover
from trainer.release.index_choice import INDEXES, SCANN, check_index, stock_server
from trainer.release.publish import prepare
from trainer.towers import CONTENT, MULTITASK, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

EPILOG = """\
Two slices of the ratings are held back: settings are chosen on one, the table is measured on the other. Then the
models are fitted to every rating and exported as DIR/{query_tower,movie_index,ranking_head,catalog}/<version>.

With --release, nothing is exported that is worse than what is served; then a gateway is waited for, and old releases
are removed, but for the served one, the pinned one, the newest three and three to go back to. Exit status: 0 done; 1
data or a folder that cannot be used; 2 bad usage; 3 worse, or it cannot be told, and nothing was exported; 4 exported,
but the gateway does not serve it yet; 130 on Ctrl-C.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status, which `--help` explains."""
    options = _parse(arguments)
    return run(lambda: _train(options))


def _train(options: argparse.Namespace) -> int:
    steps, started = Steps(), time.monotonic()
    loaded = read_data(options, steps)
    prepare(options.output)
    dataset = Forgotten.read(options.output).leave_out(loaded)
    if left_out := len(loaded.user_ids) - len(dataset.user_ids):
        people = f"{left_out:,} of {len(loaded.user_ids):,} people"
        steps.say(f"Left out, as they were forgotten: {people} ({options.output / FORGOTTEN})")
    _check_index(options, len(dataset.movies), steps)
    if options.model == CONTENT and not dataset.genres:
        raise DataError(f"model content needs genres, {dataset.name} has none; choose another with --model")
    with steps.step("loading TensorFlow"):
        # Takes seconds: not before arguments and data are known to be good.
        from trainer.report import metrics_table, worse_than_simple
        from trainer.towers.training import settings_of, training
    weights = options.rating_weight, options.retrieval_weight
    settings = replace(settings_of(options.model, weights, options.seed), index=options.index)
    gate = Gate(options.output, options.address, options.margin, options.force, steps.say) if options.release else None
    try:
        trained = training(dataset, settings, steps).run(options.output, gate)
    except ReleaseRefusedError as error:
        steps.say(str(error))
        return REFUSED
    steps.show(metrics_table(trained))
    if worse := worse_than_simple(trained.metrics):
        steps.say(worse)
    steps.say(f"Release {trained.version} is in {options.output} ({time.monotonic() - started:.0f} s).")
    if gate and not Handover(options.output, options.address, options.wait, steps).follow(trained.version):
        return NOT_SERVED
    return 0


def _check_index(options: argparse.Namespace, num_movies: int, steps: Steps) -> None:
    check_index(options.index, num_movies)
    if options.index == SCANN:
        if options.release:
            check_index(options.index, num_movies, stock_server())
        steps.say("The index will be ScaNN: stock TensorFlow Serving cannot load it, server.embedded can.")


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m trainer", description=__doc__, epilog=EPILOG)
    add_data_flags(parser)
    parser.add_argument("--output", type=Path, metavar="DIR", required=True, help="folder of all releases")
    parser.add_argument("--dataset", choices=DATASETS, help=f"which data to fetch, or what is in PATH ({DATASETS[0]})")
    parser.add_argument("--seed", type=seed, default=37, help="of everything random, 0 to 2^32 - 1 (%(default)s)")
    approximate = "how candidates are searched; scann: for very large catalogues (%(default)s)"
    parser.add_argument("--index", choices=INDEXES, default=INDEXES[0], help=approximate)
    _add_model_flags(parser)
    _add_release_flags(parser)
    options = parser.parse_args(arguments)
    check_data_flags(parser, options)
    if options.data and options.dataset == "synthetic":
        parser.error("--dataset synthetic is generated and not read: leave out --dataset, or --data")
    if not (options.data or options.dataset):
        options.dataset = DATASETS[0]
    weights = options.rating_weight, options.retrieval_weight
    if options.model != MULTITASK and weights != (1.0, 1.0):
        parser.error(f"--rating-weight and --retrieval-weight are of --model {MULTITASK} alone: leave them out")
    if not any(weights):
        parser.error("--rating-weight and --retrieval-weight are both 0: nothing would be learned; raise one")
    return options


def _add_model_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model", choices=("default", *NAMES), default="default", help="a notebook's, or (%(default)s)"
    )
    for task in ("rating", "retrieval"):
        what = f"of the {task} task in the loss of --model {MULTITASK} (%(default)s)"
        parser.add_argument(f"--{task}-weight", type=number(float, 0, 1e6), default=1.0, metavar="W", help=what)


def _add_release_flags(parser: argparse.ArgumentParser) -> None:
    flags = parser.add_argument_group("release")
    flags.add_argument("--release", action="store_true", help="compare with what is served, and hand over; see below")
    worse = "share of its old value by which a metric may be worse (%(default)s)"
    flags.add_argument("--margin", type=number(float, 0, 1), default=MARGIN, help=worse)
    flags.add_argument("--force", action="store_true", help="export it all the same, and record that")
    add_address_flag(flags)
    add_wait_flag(flags)


if __name__ == "__main__":
    sys.exit(main())
