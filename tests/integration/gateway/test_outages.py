import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.processes import (
    NOT_SERVING,
    SERVING,
    Gateway,
    eventually,
    free_port,
    gateway,
    model_server,
    reason_of,
)

MODEL, POPULAR = recommendation_pb2.SOURCE_MODEL, recommendation_pb2.SOURCE_FALLBACK_POPULAR
STARLESS = recommendation_pb2.SOURCE_MODEL_WITHOUT_STARS


def code_without_fallback(served: Gateway, timeout: float | None = 20) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        served.pair(timeout=timeout, allow_fallback=False)
    # The gateway's own answer; where the client gave up by itself there is no reason.
    assert reason_of(caught.value)
    return caught.value.code()


def states(served: Gateway) -> set[str]:
    return {model.state for model in served.release().release.models}


def test_a_killed_model_server_means_popular_movies_until_it_is_back(root: Path) -> None:
    with model_server(root, free_port()) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        before = served.pair()
        models.kill()
        eventually(lambda: served.pair().source == POPULAR)  # though what this pair's models said is kept
        assert code_without_fallback(served) is grpc.StatusCode.UNAVAILABLE
        eventually(lambda: "query_tower does not answer: UNREACHABLE" in served.pair().fallback_reason)
        assert states(served) == {"UNREACHABLE"}
        assert served.health() == SERVING
        with model_server(root, models.port):
            eventually(lambda: served.pair().recommendations == before.recommendations)


def test_a_lost_ranking_head_costs_the_stars_alone(root: Path) -> None:
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        shutil.rmtree(root / "ranking_head" / "1")
        eventually(lambda: served.pair().source == STARLESS)
        eventually(lambda: "release 1 is not ready: ranking_head is " in served.server.log)
        assert served.health() == SERVING


def test_a_gateway_that_starts_first_waits_for_the_model_server(root: Path) -> None:
    port = free_port()
    with gateway(root, port) as served:
        assert code_without_fallback(served) is grpc.StatusCode.UNAVAILABLE
        assert served.health() == NOT_SERVING
        with model_server(root, port):
            eventually(lambda: served.serves(1))
            eventually(lambda: served.pair().source == MODEL)


def test_a_gateway_that_waits_long_enough_answers_without_models_but_has_started_only_with_them(root: Path) -> None:
    """What is started in place of gateways that have their models may not take over with popular movies."""
    port = free_port()
    with gateway(root, port) as served:
        eventually(lambda: served.health() == SERVING)
        assert served.pair().source == POPULAR
        assert served.health("startup") == NOT_SERVING
        with model_server(root, port):
            eventually(lambda: served.health("startup") == SERVING)
            eventually(lambda: served.pair().source == MODEL)
        eventually(lambda: states(served) == {"UNREACHABLE"})
        assert served.health("startup") == SERVING


def test_a_hanging_model_server_ends_inside_the_deadline(root: Path) -> None:
    """The gateway looks too seldom to know that the model server hangs; a busy machine gets a second to answer."""
    flags = ("--poll_seconds", "3600", "--default_deadline_ms", "1600", "--deadline_margin_ms", "1000")
    with model_server(root) as models, gateway(root, models.port, *flags) as served, ThreadPoolExecutor() as pool:
        eventually(lambda: served.serves(1))
        models.process.send_signal(signal.SIGSTOP)
        refusing = [pool.submit(code_without_fallback, served, timeout) for timeout in (4, None)]
        content = [pool.submit(served.pair, timeout=timeout) for timeout in (4, None)]
        assert {call.result() for call in refusing} == {grpc.StatusCode.DEADLINE_EXCEEDED}
        assert {call.result().source for call in content} == {POPULAR}


def test_a_model_server_that_hangs_is_not_asked_again_and_again(root: Path) -> None:
    """Once it is known to hang, nobody waits for it."""
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        models.process.send_signal(signal.SIGSTOP)
        eventually(lambda: "UNREACHABLE" in served.pair(timeout=None).fallback_reason)
        assert code_without_fallback(served, timeout=3600) is grpc.StatusCode.UNAVAILABLE
        models.process.send_signal(signal.SIGCONT)
        eventually(lambda: served.pair().source == MODEL)
