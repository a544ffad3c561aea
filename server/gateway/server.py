"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import logging
import signal
import socket

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

from server.gateway.config import GatewayConfig
from server.gateway.interceptor import ErrorInterceptor
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.releases import Releases
from server.gateway.service import SERVICE_NAME, PairRecommendationService

_GRACE_SECONDS = 5.0

logger = logging.getLogger(__name__)


class PortError(Exception):
    """The gateway cannot listen where it was told to; the message says where and why."""


async def serve(config: GatewayConfig) -> None:
    """Runs a gateway until SIGTERM or SIGINT; calls under way then get a few seconds to finish.

    Raises:
        PortError: It cannot listen on the host and port.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_channel(config.model_server) as channel:
        model_server = ModelServer.behind(channel)
        releases = Releases(config.releases, model_server)
        health_service = health.aio.HealthServicer()
        server = _server(PairRecommendationService(config, model_server, releases), health_service)
        port = _listen(server, config)
        await _set_health(health_service, ready=False)
        await server.start()
        print(f"gateway listening on {config.host}:{port}", flush=True)  # noqa: T201 - starters wait for this line
        watching = asyncio.create_task(_watch(releases, health_service, config.poll_seconds))
        await stop.wait()
        watching.cancel()
        await health_service.enter_graceful_shutdown()
        await server.stop(_GRACE_SECONDS)


def _server(service: PairRecommendationService, health_service: health.aio.HealthServicer) -> grpc.aio.Server:
    # With so_reuseport, gRPC's default, a second gateway would share the port in silence.
    server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=[("grpc.so_reuseport", 0)])
    service_pb2_grpc.add_PairRecommendationServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    reflection.enable_server_reflection((SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server


def _listen(server: grpc.aio.Server, config: GatewayConfig) -> int:
    try:
        # gRPC is content with one of the addresses of a name such as localhost, and logs lines of its own.
        family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
        socket.create_server((config.host.strip("[]"), config.port), family=family).close()
        return server.add_insecure_port(f"{config.host}:{config.port}")
    except (OSError, RuntimeError) as error:
        raise PortError(f"cannot listen on {config.host}:{config.port}: {error}") from error


async def _watch(releases: Releases, health_service: health.aio.HealthServicer, poll_seconds: float) -> None:
    while True:
        try:
            await releases.refresh()
            await _set_health(health_service, ready=releases.ready)
        except Exception:
            logger.exception("looking for releases failed; trying again in %s s", poll_seconds)
        await asyncio.sleep(poll_seconds)


async def _set_health(health_service: health.aio.HealthServicer, *, ready: bool) -> None:
    status = health_pb2.HealthCheckResponse.SERVING if ready else health_pb2.HealthCheckResponse.NOT_SERVING
    for name in ("", SERVICE_NAME):
        await health_service.set(name, status)
