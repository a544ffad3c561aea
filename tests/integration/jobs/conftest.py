"""Jobs on a tiny release, run as people run them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tiny_release import STRANGER, random_release, write_release

REPOSITORY = Path(__file__).parents[3]
PEOPLE = [*random_release().user_ids, STRANGER]
PAIRS = [(a, b, i / 1000) for i, (a, b) in enumerate(25 * [(a, b) for a in PEOPLE for b in PEOPLE if a != b][:40])]


# Run by every Python that is told so: a worker that has made so many parts makes no other, and may kill its job.
HELD_WORKERS = """
import os, signal, sys, time

left, job = int(os.environ["PARTS"]), os.getppid()

def hold(event, arguments):
    global left
    if event == "os.rename" and "/lists/part-" in str(arguments[1]):
        left -= 1
        if left < 0:
            if os.environ["KILLS"]:
                os.kill(job, signal.SIGKILL)
            time.sleep(3600)  # it ends with its job

sys.addaudithook(hold)
"""


@dataclass
class Job:
    """A job's command, and the folder it writes to."""

    command: list[str]
    output: Path
    held: Path

    @contextmanager
    def running(self, **environment: str) -> Iterator[subprocess.Popen[str]]:
        told = {"stderr": subprocess.PIPE, "text": True, "cwd": REPOSITORY, "env": os.environ | environment}
        with subprocess.Popen(self.command, **told) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self) -> tuple[int, str]:
        """Runs it to its end; returns its status and what it said."""
        with self.running() as process:
            said = process.communicate(timeout=240)[1]
        return process.returncode, said

    def holding(self, parts: int, kills: str = "") -> AbstractContextManager[subprocess.Popen[str]]:
        """Runs it; whichever worker has made so many parts stops there."""
        (self.held / "sitecustomize.py").write_text(HELD_WORKERS)
        path = os.pathsep.join(filter(None, (str(self.held), os.environ.get("PYTHONPATH"))))
        return self.running(PYTHONPATH=path, PARTS=str(parts), KILLS=kills)

    def kill_after(self, parts: int) -> None:
        """Kills it once so many more parts are there."""
        wanted = len(self.parts()) + parts
        with self.holding(parts, kills="the job") as process:
            assert process.wait(240) == -signal.SIGKILL
        assert len(self.parts()) == wanted

    def parts(self) -> list[Path]:
        return sorted(self.output.glob("lists/*.parquet"))

    def lists(self) -> pa.Table:
        return pa.concat_tables(map(pq.read_table, self.parts()))


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A releases folder with release 1."""
    root = tmp_path_factory.mktemp("releases")
    write_release(root, 1, random_release())
    return root


@pytest.fixture(scope="session")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1,000 good pairs with weights of their own, some with a stranger."""
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    path.write_text("first,second,first_weight\n" + "".join(f"{a},{b},{weight}\n" for a, b, weight in PAIRS))
    return path


@pytest.fixture
def job(root: Path, pairs: Path, tmp_path: Path) -> Callable[..., Job]:
    """Makes the command of a job over the release, of 50 parts unless told otherwise."""

    def make(*flags: str, pairs: Path = pairs, output: str = "output") -> Job:
        told = ["--pairs", str(pairs), "--output", str(tmp_path / output), "--releases", str(root)]
        command = [sys.executable, "-m", "server.jobs.precompute", *told, "--workers", "1", "--pairs-per-part", "20"]
        return Job([*command, *flags], tmp_path / output, tmp_path)

    return make
