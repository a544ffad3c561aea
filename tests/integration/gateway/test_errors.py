"""The table of docs/errors.md, row by row, over real servers."""

import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.gateway.page_token import Page
from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import (
    REPOSITORY,
    SERVICE,
    Gateway,
    eventually,
    free_port,
    gateway,
    model_server,
    reason_of,
    refused,
    scrape,
)
from tests.tiny_release import random_release, write_catalog, write_release

PAIR = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
REFUSED = PAIR | {"allow_fallback": False}


@dataclass
class Gateways:
    """One that is well; two whose model server is dead, or hangs (that one lets in one call); one without releases."""

    well: Gateway
    dead: Gateway
    hanging: Gateway
    empty: Gateway
    metrics: str  # of the one that hangs


@pytest.fixture(scope="module")
def gateways(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateways]:
    root = tmp_path_factory.mktemp("root")
    write_release(root, 2, random_release())
    empty = tmp_path_factory.mktemp("empty")
    metrics_port = free_port()
    # Looked at so seldom, the models still count as there when they hang.
    flags = (f"--metrics_port={metrics_port}", "--max_in_flight=1", "--poll_seconds=3600", "--default_deadline_ms=1000")
    with (
        model_server(root) as models,
        model_server(root) as killed,
        gateway(root, models.port, *flags) as hanging,
        gateway(root, killed.port) as dead,
        gateway(empty, models.port) as without,
    ):
        eventually(lambda: hanging.serves(2) and dead.serves(2))
        write_catalog(root / "catalog" / "3", 3, random_release())
        killed.kill()
        models.process.send_signal(signal.SIGSTOP)
        yield Gateways(stack.gateway, dead, hanging, without, f"http://localhost:{metrics_port}/metrics")


def ask_bytes(served: Gateway, rpc: str, content: bytes) -> object:
    return served.channel.unary_unary(f"/{SERVICE}/{rpc}")(content, timeout=20)


def ask_when_full(served: Gateway, metrics: str) -> object:
    other = served.stub.GetRelease.future(service_pb2.GetReleaseRequest(), timeout=200)
    try:
        eventually(lambda: "pairrec_requests_in_flight 1.0" in scrape(metrics))
        return served.ask("SearchMovies", query="x")
    finally:
        other.cancel()
        eventually(lambda: "pairrec_requests_in_flight 0.0" in scrape(metrics))


def ask_for_a_page_of(version: int, served: Gateway) -> object:
    token = Page.of(service_pb2.RecommendPairRequest(**PAIR)).next_token(100, version)
    return served.ask("RecommendPair", **PAIR, page_token=token)


Cases = dict[str, Callable[[Gateways], object]]
CASES: Cases = {
    "a field is missing or out of bounds": lambda of: of.well.ask("RecommendPair", **PAIR, first_weight=2),
    "the answer would reveal a history without consent": lambda of: of.well.ask("ListRatedMovies", user_id="1"),
    "`page_token` is not of this request": lambda of: of.well.ask("RecommendPair", **PAIR, page_token="x"),
    "the bytes are no message of the RPC": lambda of: ask_bytes(of.well, "RecommendPair", b"\xff"),
    "FindSimilarMovies names a movie the release does not know": (
        lambda of: of.well.ask("FindSimilarMovies", movie_id="x")
    ),
    "ListRatedMovies names someone the release does not know": (
        lambda of: of.well.ask("ListRatedMovies", user_id="x", share_history=True)
    ),
    "the release a list began with is no longer loaded": lambda of: ask_for_a_page_of(1, of.hanging),
    "more calls are under way or wait than the gateway lets in": lambda of: ask_when_full(of.hanging, of.metrics),
    "the request is larger than 1 MiB": lambda of: ask_bytes(of.well, "RecommendPair", bytes(2 << 20)),
    "no release is ready": lambda of: of.empty.ask("RecommendPair", **PAIR),
    "the release a list began with is not loaded yet, or just now": lambda of: ask_for_a_page_of(3, of.hanging),
    "models cannot be asked and nothing else will do": lambda of: of.dead.ask("RecommendPair", **REFUSED),
    "models do not answer in time and nothing else will do": (
        lambda of: of.hanging.ask("RecommendPair", None, **REFUSED)
    ),
    "the method does not exist": lambda of: ask_bytes(of.well, "NoSuchMethod", b""),
}


def documented() -> dict[str, tuple[str, str]]:
    """The rows of the docs: what goes wrong, and the code and reason it gets."""
    lines = (REPOSITORY / "docs" / "errors.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines if line.startswith("|")][2:]
    assert all(len(row) == 4 for row in rows)
    return {when: (code, reason) for code, reason, when, _ in rows}


def test_the_docs_have_just_the_rows_that_are_tested() -> None:
    assert list(documented()) == list(CASES)


@pytest.mark.parametrize("when", CASES)
def test_an_error_is_as_documented(gateways: Gateways, when: str) -> None:
    error = refused(lambda: CASES[when](gateways))
    assert (error.code().name, reason_of(error)) == documented()[when]
