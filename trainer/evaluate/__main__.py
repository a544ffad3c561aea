"""`python -m trainer.evaluate`: trains on one part of the data and measures the exported release on the other."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.cache_flag import add_cache_flag
from trainer.data import DataError, DownloadError, load, resolve
from trainer.progress import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from trainer.evaluate.accuracy import Measured
    from trainer.evaluate.protocols import Bench

    Measures = dict[str, Callable[[], Measured]]

HOUSEHOLDS = "households"
# Made for other data than MovieLens-100K.
OTHER_DATA = ("strong", HOUSEHOLDS)
PROTOCOLS = {
    "p1": "one random split, 80/20: own lists, what is liked, stars; with each of --seeds",
    "folds": "the same over five random folds",
    "time": "the same for each person's last 20 %",
    "item-stratified": "a quarter of each movie's ratings, lists of 10; with each of --seeds",
    "pairs": "one list for two: four kinds of pairs, every strategy, every weight; on p1's split and release "
    "(published figures are of MovieLens-1M: not run here)",
    "guests": "100 people never seen before: their stars, from their first 0 to 20 ratings",
    "strong": "a tenth of the people never seen before: lists, from 80 % of what they liked "
    "(published figures are of MovieLens-20M: not run here)",
    HOUSEHOLDS: "what real households chose; --data is a folder with CAMRa2011, and no other protocol reads it",
}
EPILOG = "protocols:\n" + "\n".join(f"  {name:16} {text}" for name, text in PROTOCOLS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status: 0, 1 for data or a file that cannot be used, 130 on Ctrl-C."""
    options = _parse(arguments)
    # Leaves by way of an exception, so that the release that is measured is cleared.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    # A shell starts what it runs in the background with Ctrl-C's signal ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    steps, started = Steps(), time.monotonic()
    try:
        _evaluate(options, steps)
    except (DataError, DownloadError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    steps.say(f"Done ({time.monotonic() - started:.0f} s).")
    return 0


def _evaluate(options: argparse.Namespace, steps: Steps) -> None:
    bench, measures = (_households if options.protocol == [HOUSEHOLDS] else _protocols)(options, steps)
    from trainer.evaluate.report import INTERVALS, as_json, report_of, tables

    reports = []
    for name, measure in measures.items():
        steps.say(f"Protocol {name}:")
        measured = measure()
        with steps.step("resampling"):
            reports.append(report_of(name, measured))
        for table in tables(reports[-1]):
            steps.show(table)
    steps.say(INTERVALS)
    settings = {"data": str(options.data or "ml-100k"), "protocols": options.protocol, "seeds": options.seeds}
    _write(options, as_json(reports, settings | {"releases": bench.releases}))


def _protocols(options: argparse.Namespace, steps: Steps) -> tuple[Bench, Measures]:
    dataset = load(resolve("ml-100k", options.data, options.cache))
    # Loads TensorFlow, which takes seconds: not before arguments and data are known to be good.
    from trainer.evaluate.protocols import PROTOCOLS as MEASURES
    from trainer.evaluate.protocols import Bench

    bench = Bench(dataset, options.seeds, steps)
    return bench, {name: partial(MEASURES[name], bench) for name in options.protocol}


def _households(options: argparse.Namespace, steps: Steps) -> tuple[Bench, Measures]:
    from trainer.evaluate.households import load_households

    households = load_households(options.data)
    from trainer.evaluate.household_lists import measure_households
    from trainer.evaluate.protocols import Bench

    bench = Bench(households.people, options.seeds, steps)
    return bench, {HOUSEHOLDS: partial(measure_households, households, options.seeds[0], steps, bench.train)}


def _write(options: argparse.Namespace, document: dict[str, Any]) -> None:
    if options.json:
        options.json.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    if options.plots:
        from trainer.evaluate.plots import draw

        draw(document["protocols"], options.plots)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m trainer.evaluate",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="folder in MovieLens-100K's format; fetched without it"
    )
    parser.add_argument(
        "--protocol",
        nargs="+",
        choices=[*PROTOCOLS, "all"],
        default=["p1"],
        metavar="NAME",
        help="one or more of those below; all: all but strong and households (p1)",
    )
    add_cache_flag(parser)
    parser.add_argument("--seeds", type=_seeds, default=[37], metavar="N,N", help="of training, by commas (37)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures here")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="also draw them here, as PNG (needs matplotlib)")
    options = parser.parse_args(arguments)
    if "all" in options.protocol:
        options.protocol = [name for name in PROTOCOLS if name not in OTHER_DATA]
    if HOUSEHOLDS in options.protocol and (options.protocol != [HOUSEHOLDS] or options.data is None):
        parser.error("argument --protocol: households reads other files, so it runs alone and needs --data DIR")
    return options


def _seeds(text: str) -> list[int]:
    parts = text.split(",")
    if not all(part.isdecimal() and int(part) < 1 << 32 for part in parts):
        raise argparse.ArgumentTypeError(f"{text!r} is not whole numbers from 0 to 2^32 - 1, separated by commas")
    return [int(part) for part in parts]


if __name__ == "__main__":
    sys.exit(main())
