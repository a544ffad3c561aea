"""A gateway of several processes: one port, one answer, none left behind."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.gateway.listening import held_port
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
    """The workers that run."""
    pid = served.server.process.pid
    children = map(int, read(f"/proc/{pid}/task/{pid}/children").split())
    return {child for child in children if "server.gateway.worker" in read(f"/proc/{child}/cmdline") and runs(child)}


def answers(served: Gateway) -> bool:
    """Whether a connection of its own gets a list, from whichever worker it reaches."""
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"localhost:{served.server.port}", options) as channel:
        try:
            return bool(Gateway(served.server, channel).stub.RecommendPair(PAIR, timeout=20).recommendations)
        except grpc.RpcError:
            return False


def said(served: Gateway, told: str) -> bool:
    return told in served.server.log


def serve(served: Gateway, count: int) -> None:
    """Waits until so many workers have served the release, those that died since among them."""
    eventually(lambda: served.server.log.count("release 1 is served\n") == count)


def answered(text: str) -> float:
    """How many requests the models answered, by the metrics."""
    lines = (line for line in text.splitlines() if line.startswith('pairrec_requests_total{code="OK"'))
    return sum(float(line.split()[-1]) for line in lines if "model" in line)


def metric_files(served: Gateway) -> set[str]:
    """The files that workers share their metrics by."""
    environment = read(f"/proc/{max(workers_of(served))}/environ")
    [folder] = re.findall("PROMETHEUS_MULTIPROC_DIR=([^\0]*)", environment)
    return {path.name for path in Path(folder).iterdir()}


def test_a_worker_that_dies_is_replaced(shared: Gateway) -> None:
    before = workers_of(shared)
    os.kill(max(before), signal.SIGKILL)
    eventually(lambda: len(workers_of(shared) - before) == 1)
    eventually(lambda: all(answers(shared) for _ in range(10)))
    assert f"worker {max(before)} ended with -9; starting another" in shared.server.log
    assert len(workers_of(shared)) == 2
    # Whoever it was that answered, the log tells the same people by the same words.
    eventually(lambda: len(set(re.findall("user_ids=.*?]", shared.server.log))) == 1)
    assert shared.server.log.count("PAIRREC_LOG_KEY is not set") == 1


def test_one_that_dies_again_and_again_is_replaced_ever_more_slowly(shared: Gateway) -> None:
    sound = min(workers_of(shared))
    for seconds in (1, 2, 4):
        eventually(lambda: len(workers_of(shared)) == 2)
        [dying] = workers_of(shared) - {sound}
        os.kill(dying, signal.SIGKILL)
        told = f"worker {dying} ended with -9; starting another in {seconds} s"
        eventually(partial(said, shared, told))
    # The other's death makes it wait for nobody.
    os.kill(sound, signal.SIGKILL)
    eventually(partial(said, shared, f"worker {sound} ended with -9; starting another in 1 s"))
    eventually(lambda: workers_of(shared))


def test_all_workers_dead_it_still_stops(shared: Gateway) -> None:
    for worker in workers_of(shared):
        os.kill(worker, signal.SIGKILL)
    eventually(lambda: shared.server.log.count("ended with -9") == 2)
    shared.server.process.terminate()
    assert shared.server.process.wait(60) == 0


def test_who_takes_the_place_of_one_that_died_counts_on_in_its_files(stack: Stack) -> None:
    with scraped_gateway(stack.root, stack.models.port, "--workers", "2") as (served, metrics):
        serve(served, 2)
        assert all(answers(served) for _ in range(10))
        eventually(lambda: answered(scrape(metrics)) >= 10)
        before, counted = workers_of(served), answered(scrape(metrics))
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        eventually(lambda: len(workers_of(served) - before) == 2)
        serve(served, 4)
        assert all(answers(served) for _ in range(10))
        eventually(lambda: answered(scrape(metrics)) >= counted + 10)
        assert {name.rpartition("_")[2] for name in metric_files(served)} == {"0.db", "1.db"}


def test_all_of_them_answer_alike_and_are_counted_together(stack: Stack) -> None:
    with scraped_gateway(stack.root, stack.models.port, "--workers", "2") as (served, metrics):
        serve(served, 2)
        assert all(answers(served) for _ in range(10))
        expected = stack.gateway.stub.RecommendPair(PAIR, timeout=20).recommendations
        for _ in range(10):
            options = [("grpc.use_local_subchannel_pool", 1)]
            with grpc.insecure_channel(f"localhost:{served.server.port}", options) as channel:
                assert Gateway(served.server, channel).pair().recommendations == expected
        assert "pairrec_release_version 1.0" in scrape(metrics)
        eventually(lambda: answered(scrape(metrics)) >= 20)


def test_told_to_stop_all_stop(shared: Gateway) -> None:
    before = workers_of(shared)
    assert len(before) == 2
    shared.server.process.terminate()
    assert shared.server.process.wait(60) == 0
    assert not any(map(runs, before))
    assert shared.server.log.count("told to stop") == 2


def test_told_to_stop_before_they_listen_all_stop(stack: Stack) -> None:
    where = ("--port", "0", "--releases", str(stack.root), "--model_server", f"localhost:{stack.models.port}")
    command = [sys.executable, "-m", "server.gateway", "--workers", "2", "--drain_seconds", "0", *where]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            eventually(lambda: len(read(f"/proc/{process.pid}/task/{process.pid}/children").split()) == 2)
            process.terminate()
            _, log = process.communicate(timeout=60)
        finally:
            process.kill()
    assert (process.returncode, log.count("told to stop")) == (0, 2), log


def test_a_signal_to_the_whole_group_drains_them(stack: Stack) -> None:
    with gateway(stack.root, stack.models.port, "--workers", "2", "--drain_seconds", "3600") as served:
        serve(served, 2)
        before = workers_of(served)
        for pid in (*before, served.server.process.pid):  # as killpg does
            os.kill(pid, signal.SIGTERM)
        eventually(lambda: served.server.log.count("told to stop") == 2)
        assert answers(served)
        assert workers_of(served) == before
        served.server.process.terminate()  # the second
        assert served.server.process.wait(60) == -signal.SIGTERM
        eventually(lambda: not any(map(runs, before)))


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


def test_every_address_of_a_host_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in ("127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    with held_port("of two addresses", 0) as port:
        for address in ("127.0.0.1", "127.0.0.2"):
            with pytest.raises(OSError, match=str(errno.EADDRINUSE)):
                socket.create_server((address, port))
