"""The pipeline: the parts of a job, made by as many workers as the engine gives."""

import os
import shlex
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment
from apache_beam.utils.shared import Shared
from rich.console import Console

from server.jobs.job import Job
from server.jobs.maker import PartMaker, Workplace

LOCAL_RUNNER = "FnApiRunner"


@dataclass(frozen=True)
class Engine:
    """What runs the pipeline.

    Attributes:
        runner: A runner's name in Beam; FnApiRunner is this machine.
        workers: How many processes on this machine.
        flags: What else Beam is told.
    """

    runner: str
    workers: int
    flags: Sequence[str]


class MakeParts(beam.DoFn):
    """Makes the parts whose numbers come in; all threads of a process share one release."""

    def __init__(self, job: Job, workplace: Workplace) -> None:
        """Takes what a worker needs to open the release."""
        self._job, self._workplace, self._shared = job, workplace, Shared()

    def setup(self) -> None:
        """Opens the release, once a process."""
        self._maker = self._shared.acquire(lambda: PartMaker(self._job, self._workplace))

    def process(self, element: int) -> Iterator[int]:
        """Makes one part."""
        self._maker.make(element)
        yield element


def make_parts(job: Job, workplace: Workplace, missing: Sequence[int], engine: Engine) -> None:
    """Makes the parts that are missing; returns when all are made, whatever the engine.

    Raises:
        Exception: Whatever the engine raises when it stops before that.
    """
    with beam.Pipeline(**_on(engine)) as pipeline:
        numbers = pipeline | "Number" >> beam.Create(missing) | "Spread" >> beam.Reshuffle()
        numbers | "Make" >> beam.ParDo(MakeParts(job, workplace))


def _on(engine: Engine) -> dict[str, Any]:
    if engine.runner != LOCAL_RUNNER:
        return {"options": PipelineOptions(engine.flags, runner=engine.runner)}
    # `exec`, since Beam has a shell start it, whose end would go unnoticed.
    command = f"exec {shlex.quote(sys.executable)} -m server.jobs.worker"
    return {
        "runner": FnApiRunner(SubprocessSDKEnvironment.from_command_string(command)),
        "options": PipelineOptions(engine.flags, direct_num_workers=engine.workers),
    }


@contextmanager
def ended_by_dead_workers(console: Console) -> Iterator[None]:
    """Ends the process when a worker process has died: FnApiRunner would wait for it forever.

    What is made is on the disk, and the other workers end with this process.
    """
    hook = threading.excepthook

    def end(failure: threading.ExceptHookArgs) -> None:
        if failure.thread is not None and failure.thread.name == "run_worker":
            said = f"precompute: {failure.exc_value}, out of memory perhaps; the same command goes on from here"
            console.print(said, soft_wrap=True)
            os._exit(1)
        if not isinstance(failure.exc_value, grpc.RpcError):  # Beam's threads, cut off from the dead
            hook(failure)

    threading.excepthook = end
    try:
        yield
    finally:
        threading.excepthook = hook
