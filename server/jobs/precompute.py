"""`python -m server.jobs.precompute`: the flags, and what the person at the terminal reads."""

import argparse
import logging
import os
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from server.errors import ReleaseError
from server.flag_values import address, number
from server.jobs.errors import JobError
from server.recommender.queries import Objective, Strategy

_LOCAL = "FnApiRunner"
_DESCRIPTION = """\
Makes lists for many pairs ahead: OUTPUT/lists/*.parquet with a row a pair and rank, rejects.parquet with what was no
pair, manifest.json, and _SUCCESS when all is there. A run that was stopped goes on when started again as it was."""
_EPILOG = "What follows -- are flags of the runner, and others that Beam knows."


def main(argv: list[str] | None = None) -> int:
    """Runs one job; returns 0 when it is whole, 1 when it is not, 2 for what the caller can mend."""
    arguments = _arguments(sys.argv[1:] if argv is None else argv)
    logging.basicConfig(level=logging.ERROR, format="%(name)s | %(message)s")
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    try:
        manifest = _run(arguments, console)
    except (JobError, ReleaseError, OSError) as error:
        console.print(f"precompute: {error}", soft_wrap=True)
        return 2
    except KeyboardInterrupt:
        console.print("precompute: stopped; the same command goes on from here")
        return 130
    console.print(_summary(manifest))
    for failure in manifest["failures"]:
        console.print(
            f"precompute: {failure}; what is made stays, and the same command goes on from there", soft_wrap=True
        )
    return 1 if manifest["failures"] else 0


def _arguments(argv: list[str]) -> dict[str, Any]:
    # Cut here: argparse would take a stray file name for a flag of Beam's.
    end = argv.index("--") if "--" in argv else len(argv)
    return vars(_parser().parse_args(argv[:end])) | {"beam": argv[end + 1 :]}


def _run(arguments: dict[str, Any], console: Console) -> dict[str, Any]:
    # Imported here, since Beam takes a second and logs as soon as it is imported.
    from server.jobs.pipeline import Engine
    from server.jobs.run import Settings, run

    engine = Engine(arguments.pop("runner"), arguments.pop("workers"), arguments.pop("beam"))
    everyone = arguments.pop("all_pairs_of")
    arguments |= {"pairs": arguments["pairs"] or everyone, "of_everyone": bool(everyone)}
    arguments["strategy"] = arguments["strategy"].replace("-", "_")
    return run(Settings(**arguments, engine=engine), console)


def _summary(manifest: dict[str, Any]) -> Table:
    table = Table(show_header=False)
    job = manifest["job"]
    wanted = f"{job['objective']}, {job['strategy']}, top {job['top']}, release {job['release_version']}"
    figures = manifest["counts"] | {name: manifest[name] for name in ("seconds", "pairs_per_second")}
    table.add_row("lists", wanted)
    for name, figure in figures.items():
        table.add_row(name.replace("_", " "), f"{figure:,}")
    return table


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server.jobs.precompute", description=_DESCRIPTION, epilog=_EPILOG)
    add = parser.add_argument
    _add_pairs(parser)
    add("--output", required=True, type=_output, help="the job's own folder, on any file system that Beam knows")
    add("--objective", choices=[each.value for each in Objective], default="watch", help="(%(default)s)")
    strategies = [each.value.replace("_", "-") for each in Strategy]
    add("--strategy", choices=strategies, default="rank-fusion", help="(%(default)s)")
    add("--top", type=number(int, 1, 1000), default=20, help="movies a pair (%(default)s)")
    add("--releases", type=_local_path, default="serving_models", help="folder of releases (%(default)s)")
    add("--release", type=number(int, 1, 2**31 - 1), default=0, help="which one (pinned, else the newest whole one)")
    add("--target", type=address, help="host:port of a model server to ask, rather than load the models")
    add("--pairs-per-part", type=number(int, 1, 10**6), default=8192, help="of a file of lists (%(default)s)")
    add("--runner", default=_LOCAL, help="the Beam runner: FlinkRunner, SparkRunner, DataflowRunner (%(default)s)")
    workers = min(4, os.cpu_count() or 1)
    add("--workers", type=number(int, 1, 256), default=workers, help=f"processes, with {_LOCAL} (%(default)s)")
    return parser


def _add_pairs(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--pairs", type=_path, help="CSV or Parquet of first,second[,first_weight]")
    source.add_argument("--all-pairs-of", type=_path, help="a user id a line: everyone with everyone else")
    add = parser.add_argument
    add("--first-weight", type=number(float, 0, 1), default=0.5, help="of pairs that come without (%(default)s)")
    add("--max-rejects", type=number(int, 0, 10**9), default=1000, help="bad rows before the job stops (%(default)s)")
    add("--reject-unknown", action="store_true", help="reject people the release does not know")


def _path(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("must name a file or folder")
    return text if "://" in text else str(_local_path(text))


def _output(text: str) -> str:
    path = _path(text)
    if set("[*?") & set(path):
        raise argparse.ArgumentTypeError(f"{path} must have no [, * or ?: file systems take these for patterns")
    return path


def _local_path(text: str) -> Path:
    return Path(text).resolve()


if __name__ == "__main__":
    sys.exit(main())
