"""Calls that wait where only gRPC's counters tell: behind a real server that sees them when the test says so."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field

import grpc
import pytest
from grpc._cython import cygrpc

from server.errors import GatewayFullError
from server.gateway import backlog
from server.gateway.backlog import Backlog
from server.gateway.calls import Calls

METHOD = "/a.Service/Call"


@dataclass
class Door(grpc.aio.ServerInterceptor):
    """Sees a call for each turn it is given, and answers none before the end."""

    backlog: Backlog = field(default_factory=Backlog)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    end: asyncio.Event = field(default_factory=asyncio.Event)
    num_seen: int = 0

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[object]], handler_call_details: grpc.HandlerCallDetails
    ) -> object:
        await self.turns.acquire()
        self.backlog.see()
        self.num_seen += 1
        await self.end.wait()
        return await continuation(handler_call_details)

    async def sees(self, count: int) -> None:
        for _ in range(count):
            self.turns.release()
        seen = self.num_seen + count
        await eventually(lambda: self.num_seen == seen)


async def eventually(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.01)


@dataclass
class Callers:
    channel: grpc.aio.Channel

    def come(self, count: int) -> list[grpc.aio.UnaryUnaryCall]:
        return [self.channel.unary_unary(METHOD)(b"") for _ in range(count)]


@asynccontextmanager
async def open_door() -> AsyncIterator[tuple[Door, Callers]]:
    door = Door()
    with door.backlog.watch():
        server = grpc.aio.server(interceptors=[door])
    port = server.add_insecure_port("localhost:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        callers = Callers(channel)
        under_way = callers.come(1)  # as one always is when the gateway asks who waits
        await door.sees(1)
        yield door, callers
        assert not under_way[0].done()
    door.end.set()
    await server.stop(None)


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Door, Callers]]:
    monkeypatch.setattr(backlog, "_PAUSE_SECONDS", 0)
    async with open_door() as door:
        yield door


async def test_calls_that_are_not_yet_seen_wait(door: tuple[Door, Callers]) -> None:
    seen_by, callers = door
    calls = callers.come(5)
    await eventually(lambda: seen_by.backlog.waiting == 5)
    await seen_by.sees(2)
    assert seen_by.backlog.waiting == 3
    await seen_by.sees(3)
    assert seen_by.backlog.waiting == 0
    assert not any(call.done() for call in calls)


FiveWait = tuple[Door, Callers, list[grpc.aio.UnaryUnaryCall]]


@pytest.fixture
async def five_wait(door: tuple[Door, Callers], monkeypatch: pytest.MonkeyPatch) -> FiveWait:
    """A door before which five calls waited at the last look there is."""
    seen_by, callers = door
    calls = callers.come(5)
    await eventually(lambda: seen_by.backlog.waiting == 5)
    monkeypatch.setattr(backlog, "_PAUSE_SECONDS", math.inf)
    return seen_by, callers, calls


async def test_between_two_looks_those_seen_wait_no_longer(five_wait: FiveWait) -> None:
    seen_by, callers, calls = five_wait
    calls += callers.come(5)
    await seen_by.sees(4)
    assert seen_by.backlog.waiting == 1


async def test_as_many_probably_wait_as_if_they_came_as_fast_as_before(five_wait: FiveWait) -> None:
    seen_by, _, calls = five_wait
    await eventually(lambda: seen_by.backlog.probably_waiting > 5)
    assert seen_by.backlog.waiting == 5
    assert not any(call.done() for call in calls)


@dataclass
class Guess:
    """Stands for a backlog whose guess is known."""

    waiting: int
    probably_waiting: int


async def test_a_refusal_tells_how_many_probably_wait_where_that_decided() -> None:
    guess = Guess(1000, 1000)
    calls = Calls(most=64, log_key=b"", backlog=guess)
    for _ in range(100):  # until there is as little room as can be
        with suppress(GatewayFullError):
            calls.admit()
        await asyncio.sleep(0.001)
    guess.waiting = 3
    with pytest.raises(GatewayFullError, match=r"^0 calls are under way and 1000 wait, and there is room for 8;"):
        calls.admit()


async def test_callers_who_left_do_not_wait(door: tuple[Door, Callers]) -> None:
    seen_by, callers = door
    calls = callers.come(5)
    await eventually(lambda: seen_by.backlog.waiting == 5)
    for call in calls[2:]:
        call.cancel()
    await eventually(lambda: seen_by.backlog.waiting == 3)  # as many as are there, the one under way among them


async def test_callers_who_left_long_ago_are_not_taken_for_those_who_came_since(door: tuple[Door, Callers]) -> None:
    seen_by, callers = door
    left = callers.come(3)
    await eventually(lambda: seen_by.backlog.waiting == 3)
    for call in left:
        call.cancel()
    await eventually(lambda: seen_by.backlog.waiting == 0)
    calls = callers.come(2)
    await eventually(lambda: seen_by.backlog.waiting == 2)
    seen_by.backlog.see()
    seen_by.backlog.see()
    assert seen_by.backlog.waiting == 0
    assert not any(call.done() for call in calls)


async def test_streams_hide_nobody_and_are_no_calls_that_wait(door: tuple[Door, Callers]) -> None:
    seen_by, callers = door
    streams = callers.come(3)
    await eventually(lambda: seen_by.backlog.waiting == 3)
    with ExitStack() as open_streams:
        for _ in streams:
            seen_by.backlog.see()
            open_streams.enter_context(seen_by.backlog.stream())
        assert seen_by.backlog.waiting == 0
        calls = callers.come(2)
        await eventually(lambda: seen_by.backlog.waiting == 2)
        assert not any(call.done() for call in calls)


async def test_of_very_many_servers_the_one_made_meanwhile_is_watched() -> None:
    others = [grpc.server(ThreadPoolExecutor()) for _ in range(101)]  # gRPC tells of 100 at a time
    async with open_door() as (seen_by, callers):
        calls = callers.come(3)
        await eventually(lambda: seen_by.backlog.waiting == 3)
        assert not any(call.done() for call in calls)
    for other in others:
        other.stop(None)


async def test_where_grpc_does_not_tell_it_says_so_and_nobody_waits(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delattr(cygrpc, "channelz_get_servers")
    untold = Backlog()
    with untold.watch():
        pass
    assert untold.waiting == 0
    assert "not counted" in caplog.text
    assert "channelz_get_servers" in caplog.text


async def test_more_than_there_is_room_for_are_refused_seen_or_not(door: tuple[Door, Callers]) -> None:
    seen_by, callers = door
    calls = callers.come(5)
    await eventually(lambda: seen_by.backlog.waiting == 5)
    roomy, full = (Calls(most, b"", backlog=seen_by.backlog) for most in (6, 5))
    with roomy.admit():
        pass
    with (
        pytest.raises(GatewayFullError, match="0 calls are under way and 5 wait, "),
        full.admit(),
    ):
        pass
    assert not any(call.done() for call in calls)
