"""The processes that are measured, and what the system says of them."""

import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from string import Template
from typing import Any, Self

from server.serve.model_servers import Site
from server.serve.readiness import gateway_lacks, model_server_lacks

REPOSITORY = Path(__file__).parents[2]
READY_SECONDS = 120.0
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class Worker:
    """A Python module as a process that says a first line, and then answers lines with JSON lines."""

    def __init__(self, module: str, *flags: str, log: Path | None = None) -> None:
        self._log = (log or Path(os.devnull)).open("w")
        command = [sys.executable, "-m", module, *flags]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=REPOSITORY,
            env={"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"} | os.environ,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.communicate()
        self._log.close()

    def first_line(self) -> str:
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bench: {' '.join(self.process.args)} ended with {self.process.wait()}")
        return line.rstrip()

    def target(self) -> str:
        return f"localhost:{self.first_line().rpartition(':')[2]}"

    def ask(self, job: object) -> dict[str, Any]:
        print(json.dumps(job), file=self.process.stdin, flush=True)
        return json.loads(self.first_line())

    @property
    def pids(self) -> list[int]:
        """The process and those it started."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, found)]

    def cpu_seconds(self) -> float:
        return sum(map(_cpu_seconds, self.pids))

    def memory_mb(self, kind: str) -> float:
        """Returns Rss or Pss of all its processes; Pss shares what is shared out among those who do."""
        return sum(_memory_mb(pid, kind) for pid in self.pids)


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_A_SECOND


def _memory_mb(pid: int, kind: str) -> float:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:")) / 1024


def start_model_server(stack: ExitStack, releases: Path, log: Path) -> str:
    """Starts the stand-in, with flags that TensorFlow Serving has too; returns its address."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    config = folder / "models.config"
    template = (REPOSITORY / "serving_models" / "models.config.template").read_text()
    config.write_text(Template(template).substitute(base_path=releases))
    flags = Site(0, config, releases).flags()  # as `make serve` does
    target = stack.enter_context(Worker("server.embedded", *flags, log=log)).target()
    wait_for(lambda: model_server_lacks(target))
    return target


def start_gateway(stack: ExitStack, releases: Path, models: str, *flags: str) -> tuple[Worker, str, float]:
    """Starts a gateway; returns it, its address, and the seconds until it was healthy."""
    start = time.monotonic()
    told = ["--releases", str(releases), "--model_server", models, *flags]
    gateway = stack.enter_context(Worker("server.gateway", *told))
    target = gateway.target()
    wait_for(lambda: gateway_lacks(target))
    return gateway, target, time.monotonic() - start


def wait_for(lacking: Any) -> None:  # noqa: ANN401 - a function
    end = time.monotonic() + READY_SECONDS
    while missing := lacking():
        if time.monotonic() > end:
            raise SystemExit(f"bench: gave up after {READY_SECONDS:g} s: {missing}")
        time.sleep(0.02)
