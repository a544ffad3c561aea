"""Puts the gateway together and runs it until it is told to stop."""

import asyncio
import errno
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
# Far more than any request needs; what is larger is refused before it takes memory.
_MAX_REQUEST_BYTES = 1 << 20

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
    options = [
        # With so_reuseport, gRPC's default, a second gateway would share the port in silence.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", _MAX_REQUEST_BYTES),
    ]
    server = grpc.aio.server(interceptors=[ErrorInterceptor()], options=options)
    service_pb2_grpc.add_PairRecommendationServiceServicer_to_server(service, server)  # type: ignore[no-untyped-call]
    health_pb2_grpc.add_HealthServicer_to_server(health_service, server)
    reflection.enable_server_reflection((SERVICE_NAME, health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server


def _listen(server: grpc.aio.Server, config: GatewayConfig) -> int:
    try:
        require_free(config.host.strip("[]"), config.port)
        return server.add_insecure_port(f"{config.host}:{config.port}")
    except (OSError, RuntimeError) as error:
        raise PortError(f"cannot listen on {config.host}:{config.port}: {error}") from error


def require_free(host: str, port: int) -> None:
    """Looks at every address of a host, as gRPC is content with one of them that is free.

    Raises:
        OSError: Another listens on one, or the host is unknown or none of this machine.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in addresses:
        try:
            socket.create_server(address, family=family).close()
        except OSError as error:
            # A name may have an address of a kind that this machine does not have.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or len(addresses) == 1:
                raise


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
