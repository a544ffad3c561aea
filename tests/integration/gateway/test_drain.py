import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from grpc_health.v1 import health_pb2, health_pb2_grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import (
    NOT_SERVING,
    eventually,
    gateway,
    model_server,
    scrape,
    scraped_gateway,
)


def test_it_is_unhealthy_first_and_goes_on_for_those_who_have_not_noticed(stack: Stack) -> None:
    with gateway(stack.root, stack.models.port, "--drain_seconds", "3600") as served:
        eventually(lambda: served.serves(1))
        served.server.process.terminate()
        eventually(lambda: served.health() == served.health("") == NOT_SERVING)
        assert served.pair().recommendations
        served.server.process.send_signal(signal.SIGINT)
        assert served.server.process.wait(60) == -signal.SIGINT


def test_a_call_under_way_is_answered_before_it_stops(root: Path) -> None:
    with (
        model_server(root) as models,
        scraped_gateway(root, models.port, "--drain_seconds", "0") as (served, metrics),
        ThreadPoolExecutor(1) as pool,
    ):
        models.process.send_signal(signal.SIGSTOP)
        request, named = service_pb2.GetReleaseRequest(), [("x-request-id", "the-last")]
        call = pool.submit(served.stub.GetRelease, request, timeout=200, metadata=named)
        eventually(lambda: "pairrec_requests_in_flight 1.0" in scrape(metrics))
        served.server.process.terminate()
        eventually(lambda: "told to stop" in served.server.log)
        models.process.send_signal(signal.SIGCONT)
        assert call.result(60).release.release_version == 1
        assert served.server.process.wait(60) == 0
        assert served.server.log.count("request_id=the-last ") == 1


def test_whoever_watches_its_health_does_not_keep_it(stack: Stack) -> None:
    with gateway(stack.root, stack.models.port, "--drain_seconds", "0") as served:
        watching = health_pb2_grpc.HealthStub(served.channel).Watch(health_pb2.HealthCheckRequest())
        next(watching)
        served.server.process.terminate()
        assert served.server.process.wait(20) == 0  # others would be waited for for longer
