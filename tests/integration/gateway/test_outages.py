import signal
from pathlib import Path

import grpc
import pytest

from tests.integration.gateway.processes import (
    NOT_SERVING,
    SERVING,
    Gateway,
    eventually,
    gateway,
    model_server,
)


def code_of_pair(served: Gateway, timeout: float | None = 1) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        served.pair(timeout=timeout)
    # The gateway's own answer; where the client gave up by itself there are no details in the trailers.
    assert dict(caught.value.trailing_metadata()).get("grpc-status-details-bin")
    return caught.value.code()


def test_a_killed_model_server_means_unavailable_until_it_is_back(root: Path) -> None:
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        before = served.pair()
        models.kill()
        assert code_of_pair(served) is grpc.StatusCode.UNAVAILABLE
        eventually(lambda: served.health() == NOT_SERVING)
        assert {model.state for model in served.release().release.models} == {"UNREACHABLE"}
        with model_server(root, models.port):
            eventually(lambda: served.health() == SERVING)
            assert served.pair() == before


def test_a_gateway_that_starts_first_waits_for_the_model_server(root: Path) -> None:
    with model_server(root) as models:
        port = models.port
    with gateway(root, port) as served:
        assert code_of_pair(served) is grpc.StatusCode.UNAVAILABLE
        with model_server(root, port):
            eventually(lambda: served.serves(1))


def test_a_hanging_model_server_ends_inside_the_deadline(root: Path) -> None:
    flags = ("--default_deadline_ms", "1600", "--deadline_margin_ms", "400")
    with model_server(root) as models, gateway(root, models.port, *flags) as served:
        eventually(lambda: served.serves(1))
        models.process.send_signal(signal.SIGSTOP)
        assert code_of_pair(served, timeout=1.6) is grpc.StatusCode.DEADLINE_EXCEEDED
        assert code_of_pair(served, timeout=None) is grpc.StatusCode.DEADLINE_EXCEEDED
        eventually(lambda: served.health() == NOT_SERVING)
        models.process.send_signal(signal.SIGCONT)
        eventually(lambda: served.health() == SERVING)
        assert served.pair().recommendations
