"""A local deployment under load, with `kill -9` of each of its processes in turn, supervisord's included."""

import asyncio
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from pairrec.v1 import recommendation_pb2

from tests.soak.outcome import Outcome, console
from tests.soak.questions import Question, lists_of, movies_of, questions
from tests.tiny_release import random_release, write_release

_ASKING, _PAUSE_SECONDS = 3, 0.05
_BACK_SECONDS, _WATCHED_SECONDS, _ROUNDS = 5.0, 12.0, 1
_WORSE = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}


@dataclass
class _Load:
    """People asking all the time: an answer may be missing or popular movies for a while, but never wrong."""

    asked: Sequence[Question]
    outcome: Outcome
    random: random.Random
    phase: str = "all is well"
    degraded_at: float = 0.0

    async def ask(self, stub: service_pb2_grpc.PairRecommendationServiceStub) -> None:
        while True:
            await self._ask_one(stub, self.random.choice(self.asked))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask_one(self, stub: service_pb2_grpc.PairRecommendationServiceStub, question: Question) -> None:
        phase, answer, code = self.phase, None, grpc.StatusCode.OK
        try:
            answer = await getattr(stub, question.rpc)(question.request, timeout=question.seconds)
        except grpc.aio.AioRpcError as error:
            code = error.code()
        if code not in _WORSE:
            self.outcome.require(not (fault := question.fault(code, answer)), f"{phase}: {question.rpc}: {fault}")
        whole = code is grpc.StatusCode.OK and _is_whole(answer)
        self.outcome.counts[phase, "by all models" if whole else code.name if answer is None else "fallback"] += 1
        if not whole:
            self.degraded_at = time.monotonic()


def _is_whole(answer: Any) -> bool:
    model = recommendation_pb2.SOURCE_MODEL
    return all(getattr(response, "source", model) == model for response in lists_of(answer))


def soak_deploy(folder: Path, outcome: Outcome, seed: int) -> None:
    """Deploys a tiny release, kills, and stops."""
    release = random_release()
    releases, deployed = folder / "releases", folder / "deployed"
    write_release(releases, 1, release)
    asked = questions(release)
    said = _run("deploy", deployed, "--releases", str(releases), "--port=0", "--model_server_port=0")
    address = re.search(r"gateway on (\S+),", said).group(1)
    try:
        with grpc.insecure_channel(address) as channel:
            _record(service_pb2_grpc.PairRecommendationServiceStub(channel), asked, outcome)
        asyncio.run(_with_load(deployed, address, _Load(asked, outcome, random.Random(seed))))
        console.print(_run("status", deployed))
    finally:
        _run("stop", deployed)
    outcome.require(not deployed.exists(), "stop left files")


def _record(stub: Any, asked: Sequence[Question], outcome: Outcome) -> None:
    for question in asked:
        question.right = getattr(stub, question.rpc)(question.request, timeout=20)
        movies = [movies_of(answer) for answer in lists_of(question.right)]
        outcome.require(movies == list(question.best), f"{question.rpc}: {movies}, by definition {question.best}")


async def _with_load(deployed: Path, address: str, load: _Load) -> None:
    # Whoever lost the gateway tries again after a quarter of a second, not after gRPC's two minutes at most.
    options = [("grpc.initial_reconnect_backoff_ms", 250), ("grpc.max_reconnect_backoff_ms", 250)]
    async with grpc.aio.insecure_channel(address, options=options) as channel:
        stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
        asking = [asyncio.create_task(load.ask(stub)) for _ in range(_ASKING)]
        killing = asyncio.create_task(_kill_each(deployed, load))
        done, _ = await asyncio.wait([killing, *asking], return_when=asyncio.FIRST_COMPLETED)
        for task in (killing, *asking):
            task.cancel()
        for task in done:
            task.result()  # an error of ours, if any


async def _kill_each(deployed: Path, load: _Load) -> None:
    await asyncio.sleep(6)  # every program has run for supervisord's startsecs
    for victim in _ROUNDS * ("gateway", "models", "keeper", "supervisord"):
        words = ("pid",) if victim == "supervisord" else ("pid", victim)
        command = [sys.executable, "-m", "supervisor.supervisorctl", "-c", "supervisord.conf", *words]
        pid = int(await asyncio.to_thread(subprocess.check_output, command, text=True, cwd=deployed))
        assert pid  # 0 would be this process and those beside it
        load.phase, killed = f"{victim} killed", time.monotonic()
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_WATCHED_SECONDS)
        took = max(0.0, load.degraded_at - killed)
        load.outcome.facts.append(f"{victim} killed: {took:.1f} s until all models answered again")
        load.outcome.require(took <= _BACK_SECONDS, f"{victim} killed: back after {took:.1f} s")


def _run(action: str, folder: Path, *flags: str) -> str:
    command = [sys.executable, "-m", "server.deploy", action, "--folder", str(folder), *flags]
    return subprocess.run(command, capture_output=True, text=True, check=True).stderr
