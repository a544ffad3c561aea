"""Real model servers and gateways as processes of their own."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_status import rpc_status
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

REPOSITORY = Path(__file__).parents[3]
TEMPLATE = REPOSITORY / "serving_models" / "models.config.template"
SERVICE = "pairrec.v1.PairRecommendationService"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


def eventually(holds: Callable[[], bool], seconds: float = 120) -> None:
    """Waits until something holds; the time only bounds how long a failing test takes."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.05)


# Below those that systems give out by themselves, and other for every test run.
_PORTS = iter(range(20_000 + 97 * os.getpid() % 10_000, 32_000))


def free_port() -> int:
    """A port for a server that starts later, or again: nobody else comes to it by chance."""
    for port in _PORTS:
        with suppress(OSError), socket.create_server(("localhost", port)):
            return port
    raise AssertionError("no port is free")


@dataclass
class Server:
    """A server process that said where it listens, and what it says to stderr."""

    process: subprocess.Popen[str]
    port: int
    log_path: Path

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmRSS:"))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def running(folder: Path, module: str, *flags: str) -> Iterator[Server]:
    """Starts `python -m module`, waits for its line, and kills it at the end if it still runs."""
    log_path = folder / f"{module}.{time.monotonic_ns()}.log"
    command = [sys.executable, "-m", module, *flags]
    with (
        log_path.open("w") as log,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=REPOSITORY, env=os.environ
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert "listening on localhost:" in line, log_path.read_text()
            yield Server(process, int(line.rpartition(":")[2]), log_path)
        finally:
            process.kill()


@contextmanager
def model_server(root: Path, port: int = 0, *flags: str) -> Iterator[Server]:
    """A model server for the models under root, which may come later."""
    for model in ("query_tower", "movie_index", "ranking_head"):
        (root / model).mkdir(parents=True, exist_ok=True)
    config = root / "models.config"
    config.write_text(Template(TEMPLATE.read_text()).substitute(base_path=root))
    with running(root, "server.embedded", f"--model_config_file={config}", f"--port={port}", *flags) as server:
        yield server


class Gateway:
    """A gateway process and a client of it."""

    def __init__(self, server: Server, channel: grpc.Channel) -> None:
        self.server = server
        self.channel = channel
        self.stub = service_pb2_grpc.PairRecommendationServiceStub(channel)

    def ask(self, rpc: str, timeout: float | None = 20, **fields: object) -> Any:
        """Calls an RPC by its name; fields are those of its request."""
        return getattr(self.stub, rpc)(getattr(service_pb2, f"{rpc}Request")(**fields), timeout=timeout)

    def pair(
        self, first: str = "1", second: str = "2", timeout: float | None = 20, **fields: object
    ) -> service_pb2.RecommendPairResponse:
        members = {"first": {"user_id": first}, "second": {"user_id": second}}
        return self.ask("RecommendPair", timeout, **members | fields)

    def release(self) -> service_pb2.GetReleaseResponse:
        return self.ask("GetRelease")

    def health(self, service: str = SERVICE) -> int:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(self.channel).Check(request, timeout=20).status

    def serves(self, version: int) -> bool:
        try:
            return self.release().release.release_version == version and self.health() == SERVING
        except grpc.RpcError:
            return False


@contextmanager
def gateway(root: Path, model_server_port: int, *flags: str) -> Iterator[Gateway]:
    """A gateway that looks for releases ten times a second."""
    address = ("--port", "0", "--model_server", f"localhost:{model_server_port}", "--releases", str(root))
    with (
        running(root, "server.gateway", *address, "--poll_seconds", "0.1", *flags) as server,
        grpc.insecure_channel(f"localhost:{server.port}") as channel,
    ):
        yield Gateway(server, channel)


def reason_of(error: grpc.RpcError) -> str:
    """The reason in an error's ErrorInfo; empty where it has none."""
    status, info = rpc_status.from_call(error), error_details_pb2.ErrorInfo()
    return next((info.reason for detail in (status.details if status else ()) if detail.Unpack(info)), "")


def times_told(served: Gateway, version: int, reason: str) -> int:
    """How often the log tells what keeps a release; again only where the model server was thought away in between."""
    counts = [0]
    for line in served.server.log.splitlines():
        told = line.partition(f"release {version} is not ready: ")[2]
        counts[-1] += told == reason
        counts += [0] * ("UNREACHABLE" in told)
    return max(counts)


def bad_fields_of(error: grpc.RpcError) -> list[str]:
    """The fields that an error's BadRequest names."""
    bad_request = error_details_pb2.BadRequest()
    assert any(detail.Unpack(bad_request) for detail in rpc_status.from_call(error).details)
    return [violation.field for violation in bad_request.field_violations]


def refused(call: Callable[[], object]) -> grpc.RpcError:
    """The error that a call must end with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value


@contextmanager
def scraped_gateway(root: Path, model_server_port: int, *flags: str) -> Iterator[tuple[Gateway, str]]:
    """A gateway that serves release 1, and the address of its metrics."""
    port = free_port()
    with gateway(root, model_server_port, "--metrics_port", str(port), *flags) as served:
        eventually(lambda: served.serves(1))
        yield served, f"http://localhost:{port}/metrics"


def scrape(address: str) -> str:
    with urllib.request.urlopen(address, timeout=20) as answer:
        return answer.read().decode()
