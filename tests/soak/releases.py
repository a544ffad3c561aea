"""One release after the other while others go on asking: nothing fails, and no answer is of two releases."""

import asyncio
import os
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from pathlib import Path

import grpc
import numpy as np
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

from tests.integration.gateway.processes import Server, eventually, gateway, model_server
from tests.soak.open_loop import send_at
from tests.soak.outcome import Outcome, console
from tests.soak.release_load import PAGE_SECONDS, ReleaseLoad
from tests.soak.release_questions import PARTS, Question, mixture, numbered_release, questions
from tests.tiny_release import TinyRelease, write_catalog, write_models
from trainer.progress import Steps
from trainer.release.handover import KEPT, Handover
from trainer.release.publish import publish, versions

# Three releases are kept. So that page two finds its own, none comes sooner than that is asked for after page one.
_RELEASES, _RATE, _PACE_SECONDS = 50, 200, PAGE_SECONDS
# How long a release may take to be served.
_PATIENCE_SECONDS = 60.0
# Memory is compared with what it was after so many.
_SETTLED, _MAX_GROWTH = 5, 0.20
_IDLE, _LOADING, _REMOVING, _MAX_SLOWER = "at ease", "while a release loads", "while one is removed", 2.0
# The model server sees that a folder is gone, unloads, and so do gateways; and the least that comes before the next.
_UNLOAD_SECONDS, _IDLE_SECONDS = 0.5, 1.0


def soak_releases(folder: Path, outcome: Outcome, seed: int) -> None:
    """Publishes 50 releases after a first one, all of them unlike, under 200 requests a second."""
    releases, asked = [numbered_release(version) for version in range(1, _RELEASES + 2)], questions()
    _require_that_mixtures_show(releases, asked, outcome)
    publishing, look_often = _Publishing(folder / "releases", folder / "made"), "--file_system_poll_wait_seconds=0.1"
    with (
        # To remove one, those that stay are loaded and tried: here that would hold up the asking, and it gives way to
        # the servers, as what is measured is what a load takes of them.
        ProcessPoolExecutor(1, get_context("spawn"), os.nice, (19,)) as process,
        model_server(publishing.root, 0, look_often) as models,
        gateway(publishing.root, models.port) as served,
    ):
        process.submit(publishing.make, releases).result()
        process.submit(publishing.publish).result()
        eventually(lambda: served.serves(1))

        async def soak() -> None:
            async with grpc.aio.insecure_channel(f"localhost:{served.server.port}") as channel:
                stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
                load = ReleaseLoad(stub, asked, releases, outcome, random.Random(seed))
                await _under_load(publishing, process, load, {"gateway": served.server, "model server": models})

        asyncio.run(soak())
        errors = [line for line in served.server.log.splitlines() if " ERROR " in line]
        outcome.require(not errors, f"{len(errors)} errors in the gateway's log, the first: {errors[:1]}")


def _require_that_mixtures_show(releases: Sequence[TinyRelease], asked: Sequence[Question], outcome: Outcome) -> None:
    pairs = [question for question in asked if question.rpc == "RecommendPair"]
    for version, both in enumerate(pairwise(releases), start=1):
        right = [[pair.right(release) for pair in pairs] for release in both]
        for artefact in PARTS:
            mixed = [[pair.right(mixture(*of, artefact)) for pair in pairs] for of in (both, both[::-1])]
            shows = not any(one.agrees(other) for a in mixed for b in right for one, other in zip(a, b, strict=True))
            outcome.require(shows, f"{artefact} of {version + 1} in {version}, or turned, does not show in every list")


@dataclass(frozen=True)
class _Publishing:
    """Publishes what was made before under the same number, so that little of the machine goes into it; and prunes."""

    root: Path
    made: Path

    def make(self, releases: Sequence[TinyRelease]) -> None:
        for version, release in enumerate(releases, start=1):
            write_models(self.made, version, release, warmed_up=True)
            write_catalog(self.made / "catalog" / str(version), version, release)

    def publish(self) -> int:
        return publish(self.root, self._copy)

    def prune(self, gateway_port: int) -> None:
        Handover(self.root, f"localhost:{gateway_port}", 0, Steps()).prune()

    def _copy(self, version: int, folders: Mapping[str, Path]) -> None:
        for artefact, folder in folders.items():
            shutil.copytree(self.made / artefact / str(version), folder, dirs_exist_ok=True)


async def _under_load(
    publishing: _Publishing, process: Executor, load: ReleaseLoad, servers: Mapping[str, Server]
) -> None:
    over = asyncio.Event()
    sending = asyncio.create_task(send_at(_RATE, load.ask, over))
    memory = []
    try:
        for number in range(1, _RELEASES + 1):
            next_one = asyncio.create_task(asyncio.sleep(_PACE_SECONDS))
            await _publish_one(publishing, process, load, servers["gateway"].port)
            await asyncio.gather(next_one, asyncio.sleep(_IDLE_SECONDS))
            if number in (_SETTLED, _RELEASES):
                memory.append({name: server.resident_bytes for name, server in servers.items()})
            if number % 10 == 0:
                console.print(f"releases: {number} of {_RELEASES}, {load.outcome.violations.total()} violations")
    finally:
        over.set()
        reached = await sending
    facts = load.outcome.facts
    left = sorted(versions(publishing.root / "catalog"))
    facts.append(f"{_RELEASES} releases published, {load.switches} switches seen, {left} left in the folder")
    load.outcome.require(len(left) == KEPT, f"{left} are left in the folder, must be {KEPT} releases")
    facts.append(f"{_RATE} requests a second were due, {reached:.1f} were sent, {load.sent:,} in all")
    _judge_memory(memory, load.outcome)
    _judge_time(load)


async def _publish_one(publishing: _Publishing, process: Executor, load: ReleaseLoad, gateway_port: int) -> None:
    """Publishes, waits until the release answers, and prunes to three."""
    load.phase, loop = _LOADING, asyncio.get_running_loop()
    version = await loop.run_in_executor(process, publishing.publish)
    end = time.monotonic() + _PATIENCE_SECONDS
    while load.newest < version:
        assert time.monotonic() < end, f"release {version} does not answer after {_PATIENCE_SECONDS} s"
        await asyncio.sleep(0.01)
    load.phase = _REMOVING
    await loop.run_in_executor(process, publishing.prune, gateway_port)
    await asyncio.sleep(_UNLOAD_SECONDS)
    load.phase = _IDLE


def _judge_memory(memory: Sequence[Mapping[str, int]], outcome: Outcome) -> None:
    for name, before in memory[0].items():
        after = memory[-1][name]
        fact = f"{name}: {before / 2**20:.0f} MiB after release {_SETTLED}, {after / 2**20:.0f} after {_RELEASES}"
        outcome.facts.append(fact)
        outcome.require(after <= before * (1 + _MAX_GROWTH), f"memory grew: {fact}")


def _judge_time(load: ReleaseLoad) -> None:
    high = {}
    for phase in (_IDLE, _LOADING, _REMOVING):
        median, high[phase] = np.percentile(load.seconds[phase], (50, 99)) * 1000
        fact = f"{phase}: {len(load.seconds[phase]):,} answers, p50 {median:.1f} ms, p99 {high[phase]:.1f} ms"
        load.outcome.facts.append(fact)
    slower, busy = high[_LOADING] / high[_IDLE], os.getloadavg()[1]
    # Where others wanted the cores too, it says more of them.
    is_judged = busy <= (os.cpu_count() or 1)
    fact = f"p99 {_LOADING} is {slower:.2f} times that {_IDLE}"
    judged = "" if is_judged else f", NOT JUDGED: {busy:.1f} processes wanted {os.cpu_count()} cores"
    load.outcome.facts.append(fact + judged)
    load.outcome.require(slower <= _MAX_SLOWER or not is_judged, fact)
