"""The load generator: a process of its own that reads jobs, a JSON line each, and writes what it measured.

A job has `target`, `method`, `requests` (a file of length-prefixed requests, in turn), `seconds`, and either `callers`
(closed loop: each asks again once answered) or `rate` (open loop: so many a second at random times, whatever becomes of
them); `connections`, one by default, are used in turn. In an open loop latency counts from when a request was due, so
that a stall of either side shows. Answers are not parsed: the generator is to take as little of the cores as it can.
"""

import asyncio
import gc
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from itertools import cycle
from pathlib import Path
from typing import Any

import grpc

DEADLINE_SECONDS = 10.0
# Or channels to one target would share a connection.
_OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


class Load:
    """What one job sends, by each of some calls in turn, and what came of it."""

    def __init__(self, calls: Iterator[Callable[..., Any]], requests: Iterator[bytes]) -> None:
        self._calls, self._requests = calls, requests
        self.latencies: list[float] = []
        self.codes: Counter[str] = Counter()

    async def ask(self, due: float) -> None:
        try:
            await next(self._calls)(next(self._requests), timeout=DEADLINE_SECONDS)
        except grpc.aio.AioRpcError as error:
            self.codes[error.code().name] += 1
        else:
            self.codes["OK"] += 1
            self.latencies.append(time.perf_counter() - due)

    async def closed(self, callers: int, seconds: float) -> None:
        end = time.perf_counter() + seconds

        async def caller() -> None:
            while (now := time.perf_counter()) < end:
                await self.ask(now)

        await asyncio.gather(*(caller() for _ in range(callers)))

    async def open(self, rate: float, seconds: float) -> None:
        gaps, start, due = random.Random(37), time.perf_counter(), 0.0
        asked = []
        while (due := due + gaps.expovariate(rate)) < seconds:
            if (early := start + due - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            asked.append(asyncio.create_task(self.ask(start + due)))
        await asyncio.gather(*asked)


async def run(job: dict[str, Any]) -> dict[str, object]:
    async with AsyncExitStack() as stack:
        channels = [
            await stack.enter_async_context(grpc.aio.insecure_channel(job["target"], _OWN_CONNECTION))
            for _ in range(job.get("connections", 1))
        ]
        calls = [channel.unary_unary(job["method"]) for channel in channels]
        load = Load(cycle(calls), cycle(read_requests(Path(job["requests"]))))
        await asyncio.gather(*(channel.channel_ready() for channel in channels))
        start = time.perf_counter()
        if "callers" in job:
            await load.closed(job["callers"], job["seconds"])
        else:
            await load.open(job["rate"], job["seconds"])
        seconds = time.perf_counter() - start
    return {"seconds": seconds, "codes": load.codes, "latencies": load.latencies}


def read_requests(path: Path) -> list[bytes]:
    data, requests = path.read_bytes(), []
    while data:
        size = 4 + int.from_bytes(data[:4], "big")
        requests.append(data[4:size])
        data = data[size:]
    return requests


def write_requests(path: Path, requests: list[bytes]) -> None:
    path.write_bytes(b"".join(len(request).to_bytes(4, "big") + request for request in requests))


def main() -> None:
    gc.freeze()
    for line in sys.stdin:
        print(json.dumps(asyncio.run(run(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
