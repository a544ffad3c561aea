"""Says how far a job is while its engine works, whatever the engine: parts are counted as they appear."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from server.jobs.job import Job
from server.jobs.parts import count_parts

_LOOK_SECONDS = 1.0
# Without a terminal each line stays: one in so many looks is written.
_LOOKS_A_LINE = 10


@contextmanager
def shown_progress(console: Console, job: Job, output: str) -> Iterator[None]:
    """Shows pairs done, the rate of this run and the time left, until left."""
    over, before, started = threading.Event(), count_parts(output), time.monotonic()

    def show() -> None:
        with console.status("starting the workers") as status:
            num_looks = 0
            while not over.wait(_LOOK_SECONDS):
                num_looks += 1
                line = progress_line(job, before, count_parts(output), time.monotonic() - started)
                status.update(line)
                if not console.is_terminal and num_looks % _LOOKS_A_LINE == 0:
                    console.print(line)

    thread = threading.Thread(target=show)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def progress_line(job: Job, num_before: int, num_parts: int, seconds: float) -> str:
    """Says how far a run is that found `num_before` parts and, so many seconds later, has `num_parts`."""
    done, made = (min(job.num_pairs, parts * job.pairs_per_part) for parts in (num_parts, num_parts - num_before))
    rate = made / seconds
    left = f"{(job.num_pairs - done) / rate:,.0f} s left" if made else "time left unknown"
    return f"{done:,} of {job.num_pairs:,} pairs, {rate:,.0f} a second, {left}"
