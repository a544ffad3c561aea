"""Calls that wait where only a probe can tell: behind a real server that sees it when the test says so."""

import asyncio
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


@dataclass
class Door(grpc.aio.ServerInterceptor):
    """Sees nothing before it is opened."""

    backlog: Backlog = field(default_factory=Backlog)
    opened: asyncio.Event = field(default_factory=asyncio.Event)
    num_seen: int = 0

    async def intercept_service(
        self, continuation: Callable[..., Awaitable[object]], handler_call_details: grpc.HandlerCallDetails
    ) -> object:
        await self.opened.wait()
        self.backlog.see(handler_call_details, counts=False)
        self.num_seen += 1
        return await continuation(handler_call_details)

    async def sees(self, count: int) -> None:
        async with asyncio.timeout(60):
            while self.num_seen < count:
                await asyncio.sleep(0.01)


@pytest.fixture
async def door(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Door]:
    monkeypatch.setattr(backlog, "_PAUSE_SECONDS", 0)
    monkeypatch.setattr(backlog, "_FRESH_SECONDS", 3600)
    door, health_service = Door(), health.aio.HealthServicer()
    await health_service.set("liveness", health_pb2.HealthCheckResponse.SERVING)
    server = grpc.aio.server(interceptors=[door])
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as door.backlog.to_itself:
        yield door
        door.opened.set()
        await server.stop(None)


async def test_calls_seen_before_the_probe_were_waiting(door: Door) -> None:
    for _ in range(71):
        door.backlog.see(CALL, counts=True)
    assert door.backlog.waiting == 70  # the first sent the probe
    door.opened.set()
    await door.sees(1)
    assert door.backlog.waiting == 70


async def test_what_a_later_probe_finds_counts(door: Door) -> None:
    for _ in range(71):
        door.backlog.see(CALL, counts=True)
    door.opened.set()
    await door.sees(1)
    door.backlog.see(CALL, counts=True)
    await door.sees(2)
    assert door.backlog.waiting == 0


async def test_what_was_found_is_soon_forgotten(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(71):
        door.backlog.see(CALL, counts=True)
    door.opened.set()
    await door.sees(1)
    monkeypatch.setattr(backlog, "_FRESH_SECONDS", 0)
    assert door.backlog.waiting == 0


async def test_others_cannot_end_a_probe(door: Door) -> None:
    for _ in range(71):
        door.backlog.see(CALL, counts=True)
    forged = SimpleNamespace(method="/grpc.health.v1.Health/Check", invocation_metadata=(("x-pairrec-probe", "1"),))
    door.backlog.see(forged, counts=False)
    door.backlog.see(CALL, counts=True)
    assert door.backlog.waiting == 71


async def test_more_waiting_than_are_let_in_are_refused(door: Door) -> None:
    calls = Calls(70, b"", backlog=door.backlog)
    for _ in range(71):
        door.backlog.see(CALL, counts=True)
    with calls.admit():
        pass
    door.backlog.see(CALL, counts=True)
    with pytest.raises(GatewayFullError, match="71 calls wait, more than the 70 that are let in"), calls.admit():
        pass
