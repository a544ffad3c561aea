"""Readiness is asked of real servers, up and down."""

from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from server.serve import readiness
from server.serve.ports import free_ports
from server.serve.readiness import gateway_lacks, model_server_lacks


@pytest.fixture
def server() -> Iterator[tuple[grpc.Server, str]]:
    running = grpc.server(futures.ThreadPoolExecutor(1))
    yield running, f"localhost:{running.add_insecure_port('localhost:0')}"
    running.stop(None).wait()


@pytest.mark.parametrize("lacks", [gateway_lacks, model_server_lacks])
def test_a_server_that_is_not_there_does_not_answer(lacks):
    port = free_ports({"--port": 0})[0]
    assert f"answers at localhost:{port}: " in lacks(f"localhost:{port}")


def test_a_server_of_another_kind_is_no_model_server(server):
    running, address = server
    running.start()
    assert "no model server answers" in model_server_lacks(address)


@pytest.mark.parametrize(
    ("status", "ready"),
    [(health_pb2.HealthCheckResponse.SERVING, True), (health_pb2.HealthCheckResponse.NOT_SERVING, False)],
)
def test_a_gateway_is_ready_when_its_health_is_serving(server, monkeypatch, status, ready):
    monkeypatch.setattr(readiness, "_PROBE_SECONDS", 60)
    running, address = server
    servicer = health.HealthServicer()
    servicer.set("", status)
    health_pb2_grpc.add_HealthServicer_to_server(servicer, running)
    running.start()
    assert (gateway_lacks(address) == "") is ready
