"""A gateway of several processes: one port, one answer, none left behind."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import Gateway, eventually, gateway, scrape, scraped_gateway

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
PAIR = service_pb2.RecommendPairRequest(first={"user_id": "1"}, second={"user_id": "2"})


@pytest.fixture
def shared(stack: Stack) -> Iterator[Gateway]:
    """A gateway of two workers."""
    with gateway(stack.root, stack.models.port, "--workers", "2", "--drain_seconds", "0") as served:
        yield served


def read(path: str) -> str:
    """What /proc says; empty where the process is gone, or goes just now."""
    try:
        return Path(path).read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def runs(pid: int) -> bool:
    """Whether a process is there and no zombie, which nobody may wait for."""
    state = read(f"/proc/{pid}/stat").rpartition(")")[2].split()[:1]
    return state not in ([], ["Z"])


def workers_of(served: Gateway) -> set[int]:
    """The workers that run; multiprocessing has a process of its own beside them."""
    pid = served.server.process.pid
    children = map(int, read(f"/proc/{pid}/task/{pid}/children").split())
    return {child for child in children if "spawn_main" in read(f"/proc/{child}/cmdline") and runs(child)}


def answers(served: Gateway) -> bool:
    """Whether a connection of its own gets a list, from whichever worker it reaches."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"localhost:{served.server.port}", options) as channel:
        try:
            return bool(Gateway(served.server, channel).stub.RecommendPair(PAIR, timeout=20).recommendations)
        except grpc.RpcError:
            return False


def test_a_worker_that_dies_is_replaced(shared: Gateway) -> None:
    before = workers_of(shared)
    os.kill(max(before), signal.SIGKILL)
    eventually(lambda: len(workers_of(shared) - before) == 1)
    eventually(lambda: all(answers(shared) for _ in range(10)))
    assert f"worker {max(before)} ended with -9; starting another" in shared.server.log
    assert len(workers_of(shared)) == 2
    # Whoever it was that answered, the log tells the same people by the same words.
    assert len(set(re.findall("user_ids=.*?]", shared.server.log))) == 1
    assert shared.server.log.count("PAIRREC_LOG_KEY is not set") == 1


def test_all_of_them_answer_alike_and_are_counted_together(stack: Stack) -> None:
    with scraped_gateway(stack.root, stack.models.port, "--workers", "2") as (served, metrics):
        eventually(lambda: all(answers(served) for _ in range(10)))
        expected = stack.gateway.stub.RecommendPair(PAIR, timeout=20).recommendations
        for _ in range(10):
            with grpc.insecure_channel(f"localhost:{served.server.port}") as channel:
                assert Gateway(served.server, channel).pair().recommendations == expected
        text = scrape(metrics)
    assert "pairrec_release_version 1.0" in text
    [line] = [
        line for line in text.splitlines() if line.startswith('pairrec_requests_total{code="OK"') and "model" in line
    ]
    assert float(line.split()[-1]) >= 20


def test_told_to_stop_all_stop(shared: Gateway) -> None:
    before = workers_of(shared)
    assert len(before) == 2
    shared.server.process.terminate()
    assert shared.server.process.wait(30) == 0
    assert not any(map(runs, before))
    assert shared.server.log.count("told to stop") == 2


def test_workers_do_not_outlive_their_parent(shared: Gateway) -> None:
    before = workers_of(shared)
    shared.server.kill()
    eventually(lambda: not any(map(runs, before)))


def test_a_port_that_others_listen_on_is_refused_in_one_line(stack: Stack) -> None:
    command = [sys.executable, "-m", "server.gateway", "--workers", "2", "--port", str(stack.gateway.server.port)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    [line] = result.stderr.splitlines()
    assert line.startswith(f"gateway: cannot listen on localhost:{stack.gateway.server.port}: ")


def test_a_gateway_cannot_join_the_port_of_workers(shared: Gateway) -> None:
    for workers in ("1", "2"):
        command = [sys.executable, "-m", "server.gateway", "--workers", workers, "--port", str(shared.server.port)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (result.returncode, len(result.stderr.splitlines())) == (1, 1)
