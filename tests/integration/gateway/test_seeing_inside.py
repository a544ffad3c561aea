"""What operators see: metrics, and a log without a word of anybody's."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from prometheus_client.parser import text_string_to_metric_families

from server.gateway.pseudonyms import pseudonym
from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import Gateway, eventually, gateway, model_server, scrape, scraped_gateway
from tests.tiny_release import random_release, write_release

KNOWN, GUEST_MOVIE, UNKNOWN, TITLE = "known-Ada-7", "m3", "unknown-Bob-8", "Movie 3"


@pytest.fixture
def secretive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A gateway that logs in JSON, and knows someone by an id that is found wherever it is written."""
    release = random_release()
    write_release(tmp_path, 1, replace(release, user_ids=(*release.user_ids[:-1], KNOWN)))
    monkeypatch.setenv("PAIRREC_LOG_KEY", "a key")
    with (
        model_server(tmp_path) as models,
        gateway(tmp_path, models.port, "--log_format", "json", "--log_level", "DEBUG") as served,
    ):
        eventually(lambda: served.serves(1))
        yield served


def lines_of(served: Gateway, rpc: str) -> list[dict]:
    lines = [json.loads(line) for line in served.server.log.splitlines() if line[:1] + line[-1:] == "{}"]
    return [line for line in lines if line.get("rpc") == rpc]


def fail(served: Gateway, rpc: str, **fields: object) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        served.ask(rpc, **fields)
    return caught.value


def test_a_call_is_one_line_that_names_nobody(secretive: Gateway) -> None:
    answer = secretive.pair(KNOWN, UNKNOWN, objective="OBJECTIVE_LIKE")
    eventually(lambda: lines_of(secretive, "RecommendPair"))
    [line] = lines_of(secretive, "RecommendPair")
    assert line["user_ids"] == [pseudonym(b"a key", user_id) for user_id in (KNOWN, UNKNOWN)]
    assert (line["code"], line["objective"], line["strategy"]) == ("OK", "like", "rank_fusion")
    assert (line["source"], line["release_version"]) == ("model", 1)
    assert line["recommendation_id"] == answer.recommendation_id
    assert line["milliseconds"] > 0


def test_a_busy_log_holds_no_id_title_history_or_address(secretive: Gateway) -> None:
    guest = {"history": [{"movie_id": GUEST_MOVIE, "rating": 4.5}], "share_history": True}
    secretive.ask("RecommendPair", first={"user_id": KNOWN}, second=guest)
    secretive.ask("Recommend", member={"user_id": UNKNOWN, "history": guest["history"]})
    secretive.ask("ListRatedMovies", user_id=KNOWN, share_history=True)
    secretive.ask("SearchMovies", query=TITLE)
    pairs = [service_pb2.RecommendPairRequest(first={"user_id": KNOWN}, second={"user_id": UNKNOWN})] * 3
    secretive.ask("BatchRecommendPairs", requests=pairs)
    fail(secretive, "RecommendPair", first={"user_id": KNOWN}, second={"user_id": KNOWN})
    fail(secretive, "ListRatedMovies", user_id=UNKNOWN, share_history=True)
    fail(secretive, "PredictRatings", member={"user_id": KNOWN, "history": [{"movie_id": GUEST_MOVIE, "rating": 99}]})
    fail(secretive, "FindSimilarMovies", movie_id=UNKNOWN)
    # An answer has reached the caller before its line is written.
    eventually(lambda: [line["code"] for line in lines_of(secretive, "FindSimilarMovies")] == ["NOT_FOUND"])
    log = secretive.server.log
    for secret in (KNOWN, UNKNOWN, TITLE, f'"{GUEST_MOVIE}"', "4.5", "127.0.0.1", "::1"):
        assert secret not in log


@pytest.mark.parametrize(("sent", "kept"), [("mine-1", True), ("x" * 129, False), ("two words", False), ("", False)])
def test_the_request_id_returns_with_answers_and_errors(stack: Stack, sent: str, kept: bool) -> None:
    for request in (service_pb2.GetReleaseRequest(), service_pb2.RecommendPairRequest()):
        rpc = type(request).__name__.removesuffix("Request")
        call = getattr(stack.gateway.stub, rpc)
        try:
            _, ended = call.with_call(request, metadata=[("x-request-id", sent)], timeout=20)
        except grpc.RpcError as error:
            ended = error
        returned = dict(ended.trailing_metadata())["x-request-id"]
        assert (returned == sent) is kept
        eventually(lambda returned=returned: f"request_id={returned} " in stack.gateway.server.log)


def samples_of(text: str) -> dict[tuple[str, ...], float]:
    """The value of each sample by its name and the values of its labels, in their order."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {(sample.name, *sorted(sample.labels.values())): sample.value for sample in samples}


def test_metrics_tell_calls_stages_release_and_models(root: Path) -> None:
    with model_server(root) as models, scraped_gateway(root, models.port) as (served, address):
        served.pair("1", "2", strategy="STRATEGY_PROPORTIONAL")
        fail(served, "RecommendPair", first={"user_id": "a stranger"})
        eventually(lambda: samples_of(scrape(address)).get(("pairrec_request_seconds_count", "RecommendPair")) == 2)
        text = scrape(address)
    samples = samples_of(text)
    assert samples["pairrec_requests_total", "OK", "RecommendPair", "model", "proportional", "watch"] == 1
    assert samples["pairrec_requests_total", "", "", "", "INVALID_ARGUMENT", "RecommendPair"] == 1
    assert samples["pairrec_request_seconds_count", "RecommendPair"] == 2
    assert samples["pairrec_stage_seconds_count", "ranking_head"] >= 1
    assert samples["pairrec_release_version",] == 1
    assert samples["pairrec_release_created_timestamp_seconds",] == 1795262400  # 2026-11-21T12:00:00Z
    assert samples["pairrec_model_available", "query_tower"] == 1
    assert samples["pairrec_requests_in_flight",] == 0
    assert "stranger" not in text


def test_a_batch_counts_as_its_worst_list_and_a_checked_request_as_none(root: Path) -> None:
    pair = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}
    with model_server(root) as models, scraped_gateway(root, models.port) as (served, address):
        served.pair(validate_only=True)
        served.ask("BatchRecommendPairs", requests=[pair, {}])
        served.ask("BatchRecommendPairs", requests=[{}])
        models.kill()
        eventually(lambda: "UNREACHABLE" in {model.state for model in served.release().release.models})
        served.ask("BatchRecommendPairs", requests=[pair, pair | {"allow_fallback": False}])
        counted = ("pairrec_request_seconds_count", "BatchRecommendPairs")
        eventually(lambda: samples_of(scrape(address)).get(counted) == 3)
        samples = samples_of(scrape(address))
    counts = {name[1:]: value for name, value in samples.items() if name[0] == "pairrec_requests_total"}
    batch = ("", "", "BatchRecommendPairs", "OK")
    assert counts[tuple(sorted(("RecommendPair", "OK", "watch", "rank_fusion", "")))] == 1
    assert [counts[tuple(sorted((*batch, source)))] for source in ("", "model", "fallback_popular")] == [1, 1, 1]


def test_a_taken_metrics_port_stops_the_start_with_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        flags = ["--port", "0", "--metrics_port", str(other.getsockname()[1])]
        command = [sys.executable, "-m", "server.gateway", *flags]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"gateway: cannot listen on localhost:{flags[-1]}: ")
    assert len(result.stderr.splitlines()) == 1
