"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import gc
import logging
import os
import secrets
import signal
import socket
from contextlib import suppress

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from prometheus_client import start_http_server

from server.gateway.calls import Calls
from server.gateway.config import NO_LOG_KEY, GatewayConfig
from server.gateway.interceptor import CallInterceptor
from server.gateway.listening import listen_where_free
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.releases import Releases
from server.gateway.service import SERVICE_NAME, PairRecommendationService

# How long calls under way may take once no more are taken, and how long the last answers may be on their way.
_GRACE_SECONDS, _LAST_SECONDS = 30.0, 1.0
# How often it looks at least until its models have answered, however seldom later.
_SOON_SECONDS = 1.0
# Far more than any request needs; what is larger is refused before it takes memory.
_MAX_REQUEST_BYTES = 1 << 20
# For checks that restart a gateway that hangs: not whether there is a release, which no restart brings.
_LIVENESS = "liveness"
# For checks that let it take the place of others: its models have answered, which it may well lose again.
_STARTUP = "startup"

logger = logging.getLogger(__name__)


async def serve(config: GatewayConfig, parent: socket.socket | None = None) -> None:
    """Runs a gateway until SIGTERM or SIGINT, then drains it; a second signal ends the process at once.

    Args:
        config: Its settings.
        parent: Of a worker, what reaches its parent: learns that it listens, and sends what stands for the first
            signal; its end is the second, or the first where none came.

    Raises:
        PortError: It cannot listen on the host and one of its ports.
    """
    # What was imported stays: walking it takes 15 to 30 ms, in which every call stands still.
    gc.freeze()
    stop = _stop_signal(parent)
    async with open_channel(config.model_server) as channel:
        model_server = ModelServer.behind(channel)
        releases = Releases(config.releases, model_server, config.standings_mb * 2**20)
        health_service = health.aio.HealthServicer()
        calls = Calls(config.max_in_flight, config.log_key or secrets.token_bytes(32))
        service = PairRecommendationService(config, model_server, releases)
        with calls.backlog.watch():
            server = _server(calls, service, health_service, shared=parent is not None)
        port = _listen(server, config, shared=parent is not None)
        await _set_health(health_service, releases)
        await health_service.set(_STARTUP, health_pb2.HealthCheckResponse.NOT_SERVING)
        await health_service.set(_LIVENESS, health_pb2.HealthCheckResponse.SERVING)
        await server.start()
        if parent:
            parent.send(b".")
        else:
            print(f"gateway listening on {config.host}:{port}", flush=True)  # noqa: T201 - starters wait for this line
        if not config.log_key:
            logger.info(NO_LOG_KEY)
        watching = asyncio.create_task(_watch(releases, health_service, config.poll_seconds))
        await stop.wait()
        logger.info("told to stop: no longer healthy, and in %s s no longer taking calls", config.drain_seconds)
        await health_service.enter_graceful_shutdown()
        await asyncio.sleep(config.drain_seconds)
        await _finish(server, calls)
        calls.ledger.tell()
        watching.cancel()


def _stop_signal(parent: socket.socket | None) -> asyncio.Event:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    numbers = (signal.SIGTERM, signal.SIGINT)

    def note() -> None:
        stop.set()
        for number in numbers:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_DFL)

    def hear(pipe: socket.socket) -> None:
        told = b""
        with suppress(OSError):
            told = pipe.recv(1)
        if not told:
            loop.remove_reader(pipe)
            if stop.is_set():
                os._exit(1)
        stop.set()

    if parent:
        loop.add_reader(parent, hear, parent)
    else:
        for number in numbers:
            loop.add_signal_handler(number, note)
    return stop


async def _finish(server: grpc.aio.Server, calls: Calls) -> None:
    stopping = asyncio.create_task(server.stop(_GRACE_SECONDS))
    # Those who watch its health would hold it till the end.
    while calls.in_flight and not stopping.done():
        await asyncio.sleep(0.05)
    await server.stop(_LAST_SECONDS)


def _server(
    calls: Calls, service: PairRecommendationService, health_service: health.aio.HealthServicer, *, shared: bool
) -> grpc.aio.Server:
    options = [
        # What gRPC remembers of connections for channelz makes its counters slower to read, and nobody asks for it.
        ("grpc.max_channel_trace_event_memory_per_node", 0),
        # With so_reuseport, gRPC's default, a second gateway would share the port in silence; workers are to share it.
        ("grpc.so_reuseport", int(shared)),
        ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
        # One connection cannot hold memory without end, with calls that never say what they want. Far above what is
        # let in, as gRPC resets what is beyond it and cannot say why.
        ("grpc.max_concurrent_streams", max(1024, 4 * calls.most)),
        # Calls wait until they are seen: what gRPC gives up is begun and never seen, as if it waited for ever.
        ("grpc.server_max_unrequested_time_in_server", 2**31 - 1),
        # A caller that vanished without a word is noticed within 80 s, not two hours; one that has said nothing for
        # five minutes is disconnected, and connects again by itself.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.max_connection_idle_ms", 300_000),
        # One that goes on has to connect anew after ten minutes, and so finds gateways that have come since. Calls
        # under way finish.
        ("grpc.max_connection_age_ms", 600_000),
        ("grpc.max_connection_age_grace_ms", 35_000),
        # Callers may look after their connections as often, with no call under way too.
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
    ]
    server = grpc.aio.server(interceptors=[CallInterceptor(SERVICE_NAME, calls)], options=options)
    service_pb2_grpc.add_PairRecommendationServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    reflection.enable_server_reflection((SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server


def _listen(server: grpc.aio.Server, config: GatewayConfig, *, shared: bool) -> int:
    """Listens, and serves the metrics; of workers, whose port is held for them, the parent does."""
    if shared:
        return server.add_insecure_port(f"{config.host}:{config.port}")
    port = listen_where_free(config.host, config.port, server.add_insecure_port)
    if config.metrics_port:
        host = config.host.strip("[]")
        listen_where_free(config.host, config.metrics_port, lambda _: start_http_server(config.metrics_port, host))
    return port


async def _watch(releases: Releases, health_service: health.aio.HealthServicer, poll_seconds: float) -> None:
    while True:
        try:
            await releases.refresh()
            await _set_health(health_service, releases)
        except Exception as error:
            told = (error, _pause_seconds(releases, poll_seconds))  # the log tells no messages by itself
            logger.exception("looking for releases failed (%r); trying again in %s s", *told)
        await asyncio.sleep(_pause_seconds(releases, poll_seconds))


def _pause_seconds(releases: Releases, poll_seconds: float) -> float:
    return poll_seconds if _settled(releases) else min(poll_seconds, _SOON_SECONDS)


def _settled(releases: Releases) -> bool:
    """Returns whether models answer, or did: from then on there is no hurry."""
    return releases.ready and releases.served.tried


async def _set_health(health_service: health.aio.HealthServicer, releases: Releases) -> None:
    serving, not_serving = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", SERVICE_NAME):
        await health_service.set(name, serving if releases.ready else not_serving)
    if _settled(releases):
        await health_service.set(_STARTUP, serving)
