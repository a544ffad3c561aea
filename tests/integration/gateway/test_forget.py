"""`python -m trainer.forget` beside a gateway that runs: nobody's call fails, and the person becomes a stranger."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from tests.integration.gateway.processes import Gateway, eventually, gateway, model_server
from trainer.forget import forget

MODEL = recommendation_pb2.SOURCE_MODEL


def rated(served: Gateway, user_id: str) -> bool:
    """Whether a history can be had of someone."""
    request = service_pb2.ListRatedMoviesRequest(user_id=user_id, share_history=True)
    try:
        return bool(served.stub.ListRatedMovies(request, timeout=20).ratings)
    except grpc.RpcError as error:
        if error.code() is not grpc.StatusCode.NOT_FOUND:
            raise
        return False


def test_a_gateway_that_runs_forgets_without_a_failing_call(root: Path) -> None:
    done, sources = Event(), []
    with model_server(root) as models, gateway(root, models.port) as served, ThreadPoolExecutor(1) as pool:
        eventually(lambda: served.serves(1))

        def ask() -> None:
            while not done.is_set():
                sources.append(served.pair("3", "4").source)
            sources.append(served.pair("3", "4").source)

        asking = pool.submit(ask)
        try:
            eventually(lambda: asking.done() or sources)
            assert rated(served, "3")
            assert forget(root, "3") == 0
            eventually(lambda: asking.done() or not rated(served, "3"))
        finally:
            done.set()
        asking.result()
        assert set(sources) == {MODEL}
        assert served.pair("3", "4").unknown_members == ["3"]
        assert served.pair("3", "4").recommendations == served.pair("nobody", "4").recommendations
        assert rated(served, "4")


def test_forgetting_that_was_killed_between_two_files_ends_when_run_again(root: Path) -> None:
    """Whoever runs goes on; whoever starts meanwhile waits."""
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        info = root / "catalog" / "1" / "release.json"
        before = info.read_bytes()
        forget(root, "3")
        info.write_bytes(before)  # as if it had been killed before the last rename
        eventually(lambda: served.pair().source == MODEL)
        with gateway(root, models.port) as newcomer:
            eventually(lambda: "people with" in newcomer.server.log)
            with pytest.raises(grpc.RpcError, match="no release is ready"):
                newcomer.pair()
            forget(root, "3")
            eventually(lambda: newcomer.serves(1))
            assert not rated(newcomer, "3")
            assert served.pair().source == MODEL
