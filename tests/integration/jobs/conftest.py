"""Jobs on a tiny release, run as people run them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tiny_release import STRANGER, random_release, write_release

REPOSITORY = Path(__file__).parents[3]
PEOPLE = [*random_release().user_ids, STRANGER]
PAIRS = [(a, b, i / 1000) for i, (a, b) in enumerate(25 * [(a, b) for a in PEOPLE for b in PEOPLE if a != b][:40])]


@dataclass
class Job:
    """A job's command, and the folder it writes to."""

    command: list[str]
    output: Path

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[str]]:
        with subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
            try:
                yield process
            finally:
                process.kill()

    def run(self) -> tuple[int, str]:
        """Runs it to its end; returns its status and what it said."""
        with self.running() as process:
            said = process.communicate(timeout=120)[1]
        return process.returncode, said

    def wait_for(self, process: subprocess.Popen[str], parts: int) -> None:
        """Waits until so many more parts are there."""
        wanted = len(self.parts()) + parts
        while len(self.parts()) < wanted:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.001)

    def kill_after(self, parts: int) -> None:
        """Kills it once so many more parts are there."""
        with self.running() as process:
            self.wait_for(process, parts)
            os.kill(process.pid, signal.SIGKILL)

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
        return Job([*command, *flags], tmp_path / output)

    return make
