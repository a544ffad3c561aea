"""Runs a job from pairs to `_SUCCESS`: reads and checks, has made what is missing, and says what came out."""

import json
import logging
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from server.errors import ReleaseError
from server.jobs.checks import Checker, write_rejects
from server.jobs.choice import choose_release, last_line
from server.jobs.files import UNFINISHED, check_file_system, create_folder, path_in, remove, whole_file
from server.jobs.job import Job, claimed_release, stage
from server.jobs.maker import Workplace
from server.jobs.pairs import pair_all, read_pairs
from server.jobs.parts import FOLDER, PartCounts, read_counts
from server.jobs.pipeline import Engine, ended_by_dead_workers, make_parts
from server.jobs.progress import shown_progress
from server.recommender.catalog import Catalog
from server.recommender.release_check import open_catalog

MANIFEST, SUCCESS = "manifest.json", "_SUCCESS"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Settings:
    """What a person asks for: see the flags, which have these names.

    Attributes:
        pairs: The file.
        of_everyone: Whether it is one of people, to be paired with everyone else.
        release: The version; 0 for that of the job that was begun, else the pinned one, else the newest whole one.
    """

    pairs: str
    of_everyone: bool
    output: str
    objective: str
    strategy: str
    first_weight: float
    top: int
    releases: Path
    release: int
    target: str | None
    max_rejects: int
    reject_unknown: bool
    pairs_per_part: int
    engine: Engine


def run(settings: Settings, console: Console) -> dict[str, Any]:
    """Makes what is missing of a job, and returns its manifest; the job is whole if that names no failures.

    Raises:
        ReleaseError: There is no such release, or its catalogue is not whole.
        PairsError: The pairs cannot be read.
        TooManyRejectsError: Too many of them are none.
        OtherJobError: The output folder is another job's.
        JobError: Beam does not know the file system of the pairs or the output.
    """
    started = time.monotonic()
    for path in (settings.pairs, settings.output):
        check_file_system(path)
    catalog = _open_catalog(settings, console)
    checker = Checker(catalog, settings.first_weight, settings.reject_unknown, settings.max_rejects)
    read = pair_all(settings.pairs) if settings.of_everyone else read_pairs(settings.pairs, catalog.known)
    staged = stage(settings.output, checker.good_pairs(read), settings.pairs_per_part)
    try:
        job = _job(settings, catalog, staged.num_pairs, staged.sha256)
        job.claim(settings.output)
        write_rejects(settings.output, checker.rejects)
        workplace = Workplace(settings.output, staged.path, str(settings.releases), settings.target)
        made = _make(job, workplace, settings.engine, console)
    finally:
        remove(staged.path)
    manifest = _manifest(job, checker, made, time.monotonic() - started)
    _conclude(settings.output, manifest)
    return manifest


def _open_catalog(settings: Settings, console: Console) -> Catalog:
    def say(line: str) -> None:
        console.print(f"precompute: {line}", soft_wrap=True)

    version = settings.release or claimed_release(settings.output)
    version = version or choose_release(settings.releases, settings.target, say)
    try:
        return open_catalog(settings.releases, version)
    except ReleaseError as error:
        raise ReleaseError(f"release {version} in {settings.releases} cannot be used: {error}") from error


def _job(settings: Settings, catalog: Catalog, num_pairs: int, pairs_sha256: str) -> Job:
    return Job(
        objective=settings.objective,
        strategy=settings.strategy,
        first_weight=settings.first_weight,
        top=settings.top,
        reject_unknown=settings.reject_unknown,
        release_version=catalog.info.version,
        release_created=catalog.info.created.isoformat(),
        num_pairs=num_pairs,
        pairs_per_part=settings.pairs_per_part,
        pairs_sha256=pairs_sha256,
    )


@dataclass(frozen=True)
class _Made:
    """What a run leaves: the counts of the parts that are there, how many it made, and why not all are there."""

    parts: list[PartCounts]
    num_made: int
    failures: list[str]


def _make(job: Job, workplace: Workplace, engine: Engine, console: Console) -> _Made:
    create_folder(workplace.output, FOLDER)
    missing = [i for i in range(job.num_parts) if read_counts(workplace.output, job, i) is None]
    failures = []
    if missing:
        remove(*(path_in(workplace.output, name) for name in (MANIFEST, SUCCESS)))
        try:
            with shown_progress(console, job, workplace.output), ended_by_dead_workers(console):
                make_parts(job, workplace, missing, engine)
        except Exception as error:  # noqa: BLE001 - engines raise what they like; the job's top loop
            _log.debug("the engine stopped", exc_info=True)
            failures = [f"the engine stopped: {last_line(error)}"]
    found = [read_counts(workplace.output, job, i) for i in range(job.num_parts)]
    parts = [counts for counts in found if counts is not None]
    if len(parts) < len(found) and not failures:
        failures = [f"the engine made not all: {len(found) - len(parts)} of {len(found)} parts are missing"]
    return _Made(parts, len(parts) - (len(found) - len(missing)), failures)


def _manifest(job: Job, checker: Checker, made: _Made, seconds: float) -> dict[str, Any]:
    return {
        "job": asdict(job),
        "counts": {
            "pairs": job.num_pairs,
            "pairs_with_someone_unknown": checker.num_unknown,
            "pairs_without_list": sum(part.pairs_without_list for part in made.parts),
            "rejects": sum(map(len, checker.rejects)),
            "rows": sum(part.rows for part in made.parts),
            "parts": len(made.parts),
            "parts_of_this_run": made.num_made,
        },
        "seconds": round(seconds, 1),
        "pairs_per_second": round(min(job.num_pairs, made.num_made * job.pairs_per_part) / seconds, 1),
        "failures": made.failures,
    }


def _conclude(output: str, manifest: dict[str, Any]) -> None:
    with whole_file(output, MANIFEST) as file:
        file.write(json.dumps(manifest, indent=2).encode())
    if not manifest["failures"]:
        with whole_file(output, SUCCESS):
            pass
        remove(path_in(output, UNFINISHED))
