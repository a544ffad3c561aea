"""A model server killed, restarted, stopped, slowed down and answering garbage, while others go on asking."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Coroutine, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.processes import Gateway, eventually, gateway, model_server, running
from tests.soak.lag import Lag
from tests.soak.outcome import Outcome, console
from tests.soak.questions import Question, lists_of, movies_of, questions
from tests.soak.relay import GARBAGE
from tests.tiny_release import random_release, write_release

_ASKING, _PAUSE_SECONDS = 6, 0.01
_LATE_SECONDS, _RECOVERY_SECONDS = 0.05, 5.0
# After garbage the gateway has nothing to wait for, so less is waited.
_OUTAGE_SECONDS, _GARBAGE_SECONDS, _AFTER_SECONDS, _AFTER_GARBAGE_SECONDS = 5.0, 2.0, 7.0, 2.0
_SPOILING = ("no message", "half a message", "INTERNAL", "INVALID_ARGUMENT", *GARBAGE)

AT_EASE = "all is well"


@dataclass
class _Load:
    """People asking all the time; every answer is judged as it comes."""

    stub: service_pb2_grpc.PairRecommendationServiceStub
    asked: Sequence[Question]
    outcome: Outcome
    random: random.Random
    lag: Lag
    phase: str = AT_EASE
    degraded_at: float = 0.0  # when the last call began that was not answered by all models

    async def ask(self) -> None:
        while True:
            await self._ask_one(self.random.choice(self.asked))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _ask_one(self, question: Question) -> None:
        phase, late, started = self.phase, await self.lag.total_seconds(), time.monotonic()
        answer, code = None, grpc.StatusCode.OK
        try:
            answer = await getattr(self.stub, question.rpc)(question.request, timeout=question.seconds)
        except grpc.aio.AioRpcError as error:
            code = error.code()
        seconds = time.monotonic() - started
        said = f"{phase}: {question.rpc}: "
        fault = question.fault(code, answer)
        self.outcome.require(not fault, said + fault)
        limit = question.seconds + _LATE_SECONDS + await self.lag.total_seconds() - late
        self.outcome.require(seconds <= limit, f"{said}after {seconds:.3f} s, allowed are {limit:.3f} s")
        got = _summary(code, answer)
        self.outcome.counts[phase, got] += 1
        if got not in ("OK", "MODEL"):
            self.degraded_at = started
            # What began in this phase and ended in the next was caught by the outage.
            self.outcome.require(self.phase != AT_EASE, f"{said}{got}: {_reasons(answer)}")

    async def during(self, phase: str, seconds: float) -> None:
        self.phase = phase
        console.print(f"{self.outcome.name}: {phase}, {self.outcome.violations.total()} violations so far")
        await asyncio.sleep(seconds)

    async def recovered(self, outage: str, seconds: float = _AFTER_SECONDS) -> None:
        """Watches what comes after an outage that ends now."""
        ended = time.monotonic()
        await self.during(f"after: {outage}", seconds)
        took = max(0.0, self.degraded_at - ended)
        self.outcome.facts.append(f"{outage}: {took:.1f} s until all models answered again")
        self.outcome.require(took <= min(_RECOVERY_SECONDS, seconds - 1), f"{outage}: recovery took {took:.1f} s")


def _summary(code: grpc.StatusCode, answer: Any) -> str:
    if answer is None:
        return code.name
    sources = {recommendation_pb2.Source.Name(response.source).removeprefix("SOURCE_") for response in lists_of(answer)}
    return " and ".join(sorted(sources)) or "OK"


def _reasons(answer: Any) -> list[str]:
    return [response.fallback_reason for response in lists_of(answer)] if answer else []


def soak_outages(folder: Path, outcome: Outcome, seed: int) -> None:
    """Runs every outage once, on a release and servers of its own."""
    release = random_release()
    write_release(folder, 1, release)
    asked = questions(release)
    with _ModelServer(folder) as models:
        with gateway(folder, models.server.port) as served:
            _record(served, asked, outcome)
            asyncio.run(_with_load(served, asked, outcome, seed, lambda load: _stop_and_kill(load, models)))
        mode = folder / "mode"
        mode.write_text("")
        flags = ("--target", f"localhost:{models.server.port}", "--mode", str(mode))
        with running(folder, "tests.soak.relay", *flags) as relay, gateway(folder, relay.port) as served:
            eventually(lambda: served.serves(1))
            asyncio.run(_with_load(served, asked, outcome, seed, lambda load: _slow_down_and_spoil(load, mode)))


class _ModelServer:
    """A model server that can be started again on its port."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._stack = folder, ExitStack()

    def __enter__(self) -> "_ModelServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def start(self, port: int = 0) -> None:
        self.server = self._stack.enter_context(model_server(self._folder, port))


def _record(served: Gateway, asked: Sequence[Question], outcome: Outcome) -> None:
    """Takes what a gateway at ease answers for right, once it is known to be."""
    eventually(lambda: served.serves(1))
    for question in asked:
        question.right = getattr(served.stub, question.rpc)(question.request, timeout=20)
        movies = [movies_of(answer) for answer in lists_of(question.right)]
        outcome.require(movies == list(question.best), f"{question.rpc}: {movies}, by definition {question.best}")


async def _with_load(
    served: Gateway,
    asked: Sequence[Question],
    outcome: Outcome,
    seed: int,
    happening: Callable[[_Load], Coroutine[None, None, None]],
) -> None:
    lag = Lag()
    async with grpc.aio.insecure_channel(f"localhost:{served.server.port}") as channel, lag.watched():
        stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
        load = _Load(stub, asked, outcome, random.Random(seed), lag)
        asking = [asyncio.create_task(load.ask()) for _ in range(_ASKING)]
        happens = asyncio.create_task(happening(load))
        done, _ = await asyncio.wait([happens, *asking], return_when=asyncio.FIRST_COMPLETED)
        for task in (happens, *asking):
            task.cancel()
        for task in done:
            task.result()  # an error of ours, if any


async def _stop_and_kill(load: _Load, models: _ModelServer) -> None:
    await load.during(AT_EASE, 3.0)
    models.server.process.send_signal(signal.SIGSTOP)
    await load.during("model server stopped", _OUTAGE_SECONDS)
    models.server.process.send_signal(signal.SIGCONT)
    await load.recovered("model server stopped")
    models.server.kill()
    await load.during("model server killed", _OUTAGE_SECONDS)
    await asyncio.to_thread(models.start, models.server.port)
    await load.recovered("model server killed")


async def _slow_down_and_spoil(load: _Load, mode: Path) -> None:
    slow = ("slow", _OUTAGE_SECONDS, _AFTER_SECONDS)
    for name, seconds, after in (slow, *((name, _GARBAGE_SECONDS, _AFTER_GARBAGE_SECONDS) for name in _SPOILING)):
        mode.write_text(name)
        await load.during(f"model server: {name}", seconds)
        mode.write_text("")
        await load.recovered(f"model server: {name}", after)
