"""`python -m trainer.evaluate`: trains on one part of the data and measures the exported release on the other."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainer.command import add_data_flags, check_data_flags, read_data, run, seed
from trainer.data import DATASETS, DataError
from trainer.evaluate.households import load_households
from trainer.progress import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from trainer.evaluate.accuracy import Measured
    from trainer.evaluate.bench import Bench

HOUSEHOLDS = "households"
# Made for other data than MovieLens-100K, or of other models than what is served.
APART = {"strong", HOUSEHOLDS, "baselines", "notebooks"}
PROTOCOLS = {
    "p1": "one random split, 80/20: own lists, what is liked, stars; with each of --seeds",
    "folds": "the same over five random folds",
    "time": "the same for each person's last 20 %",
    "item-stratified": "a quarter of each movie's ratings, lists of 10; with each of --seeds",
    "pairs": "one list for two: four kinds of pairs, every strategy, every weight; on p1's split and release "
    "(published figures are of MovieLens-1M: not run here)",
    "guests": "100 people never seen before: their stars, from their first 0 to 20 ratings",
    "strong": "a tenth of the people never seen before: lists, from 80 % of what they liked, movies nobody else liked "
    "included (published figures are of MovieLens-20M, 10,000 people held out, without such movies: not run here)",
    "baselines": "every --model of python -m trainer beside EASE, popularity and models of stars, on p1's split",
    "notebooks": "the notebooks' models, each as its notebook measures it, nothing masked",
    HOUSEHOLDS: "what real households chose; --data is a folder with CAMRa2011, and no other protocol reads it",
}
EPILOG = "protocols:\n" + "\n".join(f"  {name:16} {text}" for name, text in PROTOCOLS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit status.

    0; 1 for data or a file that cannot be used, or a protocol that the data do not suit; 130 on Ctrl-C.
    """
    options = _parse(arguments)
    return run(lambda: _evaluate(options, Steps()))


def _evaluate(options: argparse.Namespace, steps: Steps) -> int:
    """Measures all protocols that the data suit; what is measured is written at once, so that nothing is lost."""
    started, reports = time.monotonic(), []
    bench, measures = _protocols(options, steps)
    from trainer.evaluate.report import INTERVALS, as_json, report_of, tables

    settings = {"data": str(options.data or "ml-100k"), "protocols": options.protocol, "seeds": options.seeds}
    for name in options.protocol:
        steps.say(f"Protocol {name}:")
        try:
            measured = measures[name](bench)
        except DataError as error:
            steps.say(str(error))
            continue
        with steps.step("resampling"):
            reports.append(report_of(name, measured))
        for table in tables(reports[-1]):
            steps.show(table)
        if late := measured.details.get("baselines_out_of_time"):
            steps.say(f"Out of time, so that a faster machine may find better settings for them: {', '.join(late)}.")
        _write(options, as_json(reports, settings | {"releases": bench.releases}))
    steps.say(f"{INTERVALS}\nDone ({time.monotonic() - started:.0f} s).")
    return 0 if len(reports) == len(options.protocol) else 1


def _protocols(options: argparse.Namespace, steps: Steps) -> tuple[Bench, dict[str, Callable[[Bench], Measured]]]:
    """Reads the data; what is then imported loads TensorFlow, which takes seconds: not before the data are good."""
    if HOUSEHOLDS in options.protocol:
        households = load_households(options.data)
        from trainer.evaluate.bench import Bench
        from trainer.evaluate.household_lists import measure_households

        bench = Bench(households.people, options.seeds, steps)
        return bench, {HOUSEHOLDS: partial(measure_households, households=households)}
    dataset = read_data(options, steps)
    from trainer.evaluate.bench import Bench
    from trainer.evaluate.protocols import PROTOCOLS as MEASURES

    return Bench(dataset, options.seeds, steps), MEASURES


def _write(options: argparse.Namespace, document: dict[str, Any]) -> None:
    if options.json:
        options.json.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
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
    add_data_flags(parser)
    parser.add_argument(
        "--protocol",
        nargs="+",
        choices=[*PROTOCOLS, "all"],
        default=["p1"],
        metavar="NAME",
        help="one or more of those below; all: all up to guests (p1)",
    )
    parser.add_argument("--seeds", type=_seeds, default=[37], metavar="N,N", help="of training; each or the first (37)")
    parser.add_argument("--json", type=_file, metavar="FILE", help="also write all figures here, after each protocol")
    parser.add_argument("--plots", type=_folder, metavar="DIR", help="also draw them here, as PNG")
    options = parser.parse_args(arguments)
    check_data_flags(parser, options)
    options.dataset = None if options.data else DATASETS[0]
    asked = {*options.protocol, *(set(PROTOCOLS) - APART if "all" in options.protocol else ())}
    options.protocol = [name for name in PROTOCOLS if name in asked]
    if HOUSEHOLDS in options.protocol and (options.protocol != [HOUSEHOLDS] or options.data is None):
        parser.error("argument --protocol: households reads other files, so it runs alone and needs --data DIR")
    return options


def _seeds(text: str) -> list[int]:
    seeds = [seed(part) for part in text.split(",")]
    if len(set(seeds)) < len(seeds):
        raise argparse.ArgumentTypeError(f"{text} has a seed twice, which would count twice; give each once")
    return seeds


def _file(text: str) -> Path:
    """Returns a path that can be written: to be found out now, not after hours of work."""
    path = Path(text)
    is_new = not path.exists()
    with _refusing(text):
        path.open("a").close()
    if is_new:
        path.unlink()
    return path


def _folder(text: str) -> Path:
    """Returns a folder, made where it is missing, in which files can be written."""
    with _refusing(text):
        Path(text).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=text).close()
    return Path(text)


@contextmanager
def _refusing(text: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise argparse.ArgumentTypeError(f"cannot write {text}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
