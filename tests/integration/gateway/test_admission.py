import asyncio
import signal
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import (
    SERVING,
    Gateway,
    eventually,
    model_server,
    reason_of,
    scrape,
    scraped_gateway,
)

# What every client sends first: the preface of HTTP/2, and empty settings.
HTTP_2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])


def test_a_full_gateway_refuses_at_once_and_is_healthy(root: Path) -> None:
    with (
        model_server(root) as models,
        scraped_gateway(root, models.port, "--max_in_flight", "2") as (served, metrics),
        ThreadPoolExecutor(2) as pool,
    ):
        models.process.send_signal(signal.SIGSTOP)
        calls = [pool.submit(served.ask, "GetRelease", 200) for _ in range(2)]
        eventually(lambda: "pairrec_requests_in_flight 2.0" in scrape(metrics))
        with pytest.raises(grpc.RpcError) as caught:
            served.pair()
        assert (caught.value.code(), reason_of(caught.value)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "GATEWAY_FULL")
        assert served.health() == SERVING
        models.process.send_signal(signal.SIGCONT)
        assert all(call.result().release.release_version == 1 for call in calls)
        assert served.pair().recommendations


@pytest.mark.parametrize("first_words", [b"", HTTP_2])
def test_five_hundred_connections_that_say_nothing_stop_nobody(stack: Stack, first_words: bytes) -> None:
    with ExitStack() as connections:
        for _ in range(500):
            address = ("localhost", stack.gateway.server.port)
            connections.enter_context(socket.create_connection(address)).sendall(first_words)
        with grpc.insecure_channel(f"localhost:{stack.gateway.server.port}") as channel:
            assert Gateway(stack.gateway.server, channel).pair().recommendations


async def ask_at_once(port: int, count: int) -> Counter[str]:
    members = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
        calls = [stub.RecommendPair(service_pb2.RecommendPairRequest(**members), timeout=60) for _ in range(count)]
        return Counter(await asyncio.gather(*(call.code() for call in calls)))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc")
async def test_a_thousand_calls_at_once_are_answered_or_refused_in_little_memory(stack: Stack) -> None:
    counts = await ask_at_once(stack.gateway.server.port, 1000)
    assert counts[grpc.StatusCode.OK] >= 8
    assert counts[grpc.StatusCode.OK] + counts[grpc.StatusCode.RESOURCE_EXHAUSTED] == 1000
    status = Path(f"/proc/{stack.gateway.server.process.pid}/status").read_text()
    [peak] = [line for line in status.splitlines() if line.startswith("VmHWM")]
    assert int(peak.split()[1]) < 150 * 1024
    assert stack.gateway.pair().recommendations
