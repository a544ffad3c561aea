"""Calls that wait where only a probe can tell: behind a real server that sees it when the test says so."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from server.errors import GatewayFullError
from server.gateway import backlog
from server.gateway.backlog import Backlog
from server.gateway.calls import Calls

CALL = SimpleNamespace(method="/a.Service/Call", invocation_metadata=())


def see(seen_by: Backlog, count: int) -> None:
    for _ in range(count):
        seen_by.see(CALL, counts=True)


@dataclass
class Door(grpc.aio.ServerInterceptor):
    """Sees nothing before it is opened."""

    backlog: Backlog = field(default_factory=Backlog)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    num_seen: int = 0
    server: grpc.aio.Server | None = None

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[object]], handler_call_details: grpc.HandlerCallDetails
    ) -> object:
        await self.opened.wait()
        self.backlog.see(handler_call_details, counts=False)
        self.num_seen += 1
        return await continuation(handler_call_details)

    async def finds(self, count: int) -> None:
        """Lets so many calls in while a probe waits, and then the probe."""
        see(self.backlog, count + 1)
        self.opened.set()
        await self.sees(1)

    async def sees(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.num_seen < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(backlog, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(backlog, "_GAP_SECONDS", 3600)
    monkeypatch.setattr(backlog, "_PROBE_SECONDS", 60)
    monkeypatch.setattr(backlog, "_PAUSE_AFTER_FAILURE_SECONDS", 3600)
    door, health_service = Door(), health.aio.HealthServicer()
    await health_service.set("liveness", health_pb2.HealthCheckResponse.SERVING)
    door.server = grpc.aio.server(interceptors=[door])
    health_pb2_grpc.add_HealthServicer_to_server(health_service, door.server)
    port = door.server.add_insecure_port("127.0.0.1:0")
    await door.server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as to_itself:
        await door.backlog.probe_by(to_itself)
        yield door
        door.opened.set()
        await door.server.stop(None)


async def test_calls_seen_before_the_probe_were_waiting(door: Door) -> None:
    see(door.backlog, 71)
    assert door.backlog.waiting == 70  # the first sent the probe
    door.opened.set()
    await door.sees(1)
    assert door.backlog.waiting == 70


async def test_what_a_later_probe_finds_counts(door: Door) -> None:
    await door.finds(70)
    door.backlog.see(CALL, counts=True)
    await door.sees(2)
    assert door.backlog.waiting == 0


async def test_whoever_calls_after_a_while_is_not_refused_for_others(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await door.finds(70)
    monkeypatch.setattr(backlog, "_GAP_SECONDS", 0)
    see(door.backlog, 1)
    assert door.backlog.waiting == 0


async def test_what_was_found_long_ago_hides_nobody_who_waits_now(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    await door.finds(70)
    monkeypatch.setattr(backlog, "_GAP_SECONDS", 0)
    see(door.backlog, 31)
    assert door.backlog.waiting == 30


async def test_where_probes_fail_nobody_seems_to_wait_and_none_is_sent_soon(door: Door) -> None:
    await door.server.stop(None)
    see(door.backlog, 71)
    async with asyncio.timeout(60):
        while door.backlog.waiting:
            await asyncio.sleep(0.01)
    see(door.backlog, 71)
    assert door.backlog.waiting == 0


async def test_where_it_does_not_reach_itself_it_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(backlog, "_PROBE_SECONDS", 0.01)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{silent.getsockname()[1]}") as to_nobody:
            unconnected = Backlog()
            await unconnected.probe_by(to_nobody)
    see(unconnected, 71)
    assert unconnected.waiting == 0
    assert "cannot reach itself" in caplog.text


async def test_others_cannot_end_a_probe(door: Door) -> None:
    see(door.backlog, 71)
    forged = SimpleNamespace(method="/grpc.health.v1.Health/Check", invocation_metadata=(("x-pairrec-probe", "1"),))
    door.backlog.see(forged, counts=False)
    door.backlog.see(CALL, counts=True)
    assert door.backlog.waiting == 71


async def test_more_waiting_than_are_let_in_are_refused(door: Door) -> None:
    calls = Calls(54, b"", backlog=door.backlog)  # and 16 that come while the probe is on its way
    see(door.backlog, 71)
    with calls.admit():
        pass
    door.backlog.see(CALL, counts=True)
    with pytest.raises(GatewayFullError, match="71 calls wait, and 54 are let in"), calls.admit():
        pass
