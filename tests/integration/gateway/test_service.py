import signal
import socket
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from server.gateway.listening import require_free
from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import SERVICE, SERVING, eventually, gateway


def test_release_is_described(stack: Stack) -> None:
    release = stack.gateway.release().release
    assert (release.release_version, release.data.name, release.data.movie_count) == (1, "tiny", 40)
    assert release.create_time.ToJsonString() == "2026-11-21T12:00:00Z"
    assert dict(release.metrics[0].values) == {"ndcg_at_10": 0.25}
    assert [(model.model, model.version, model.state) for model in release.models] == [
        ("query_tower", 1, "AVAILABLE"),
        ("movie_index", 1, "AVAILABLE"),
        ("ranking_head", 1, "AVAILABLE"),
    ]


def test_health_is_told_for_the_service_and_the_whole(stack: Stack) -> None:
    assert stack.gateway.health(SERVICE) == stack.gateway.health("") == SERVING
    with pytest.raises(grpc.RpcError) as caught:
        stack.gateway.health("no such service")
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_reflection_lists_the_service(stack: Stack) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(stack.gateway.channel)
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    [response] = stub.ServerReflectionInfo(iter([request]), timeout=20)
    assert SERVICE in [service.name for service in response.list_services_response.service]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc")
def test_the_process_is_small_and_has_nothing_large_that_it_does_without(stack: Stack) -> None:
    stack.gateway.pair()
    process = Path("/proc") / str(stack.gateway.server.process.pid)
    mapped = (process / "maps").read_text()
    assert [name for name in ("libtensorflow", "pyarrow/_compute") if name in mapped] == []
    [resident] = [line for line in (process / "status").read_text().splitlines() if line.startswith("VmRSS")]
    assert int(resident.split()[1]) < 150 * 1024


def test_an_occupied_port_stops_the_start_with_one_line(stack: Stack) -> None:
    command = [sys.executable, "-m", "server.gateway", "--port", str(stack.gateway.server.port)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"gateway: cannot listen on localhost:{stack.gateway.server.port}: ")


def test_a_port_taken_on_one_address_of_localhost_counts_as_occupied() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "server.gateway", "--port", str(other.getsockname()[1])]
        assert subprocess.run(command, capture_output=True, check=False).returncode == 1


def test_every_address_of_the_host_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every machine has ::1 for localhost; an address that no machine has is passed over."""
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as other:
        port = other.getsockname()[1]
        absent = (socket.AF_INET, 0, 0, "", ("192.0.2.1", port))
        found = [absent, (socket.AF_INET6, 0, 0, "", ("::1", port, 0, 0))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        with pytest.raises(OSError, match="Address already in use"):
            require_free("localhost", port)
    require_free("localhost", port)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(stack: Stack, number: signal.Signals) -> None:
    with gateway(stack.root, stack.models.port) as served:
        eventually(lambda: served.serves(1))
        served.server.process.send_signal(number)
        assert served.server.process.wait(60) == 0
        assert "Traceback" not in served.server.log
