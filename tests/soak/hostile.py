"""Malformed and hostile requests over every RPC: each gets OK or a fault of the caller's; nothing stays behind."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.integration.gateway.processes import Gateway, eventually, gateway, model_server
from tests.soak.hostile_requests import TOO_MANY_BYTES, Request, Requests
from tests.soak.lag import Lag
from tests.soak.outcome import Outcome, console
from tests.tiny_release import random_release, write_release

# At once; far fewer than are refused.
_AT_ONCE = 16
_DEFAULT_SECONDS, _LATE_SECONDS = 2.0, 0.05
# Sent before memory is first looked at, so that what is made once and kept has been made.
_WARM_UP = 2000
_MAX_GROWTH = 0.20

Code = grpc.StatusCode
_CALLERS_FAULTS = {Code.INVALID_ARGUMENT, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.DEADLINE_EXCEEDED}
_PAIR = {"first": {"user_id": "1", "share_history": True}, "second": {"user_id": "2", "share_history": True}}
_PAGED = {
    "RecommendPair": _PAIR | {"page_size": 2},
    "Recommend": {"member": {"user_id": "1"}, "page_size": 2},
    "PredictRatings": {"member": {"user_id": "2"}},
    "ListRatedMovies": {"user_id": "4", "share_history": True, "page_size": 1},
    "ListPopularMovies": {},
}
# Answered the same before and after.
_FIXED = (
    ("RecommendPair", _PAIR),
    ("RecommendPair", _PAIR | {"strategy": 5, "objective": 2, "first_weight": 0.9}),
    ("RecommendPair", _PAIR | {"include_watched": 4, "with_reasons": True, "diversity": 0.5}),
    ("BatchRecommendPairs", {"requests": [_PAIR, {}]}),
    ("Recommend", {"member": {"history": [{"movie_id": "m3", "rating": 5}]}, "filter": {"min_year": 2000}}),
    ("PredictRatings", {"member": {"user_id": "3"}}),
    ("ListRatedMovies", {"user_id": "4", "share_history": True}),
    ("FindSimilarMovies", {"movie_id": "m7"}),
    ("ListPopularMovies", {"page_size": 100}),
    ("SearchMovies", {"query": "movie 1"}),
)


def soak_hostile(folder: Path, outcome: Outcome, seed: int, numbers: range) -> None:
    """Sends the requests of some numbers to a gateway of its own."""
    release = random_release()
    write_release(folder, 1, release)
    with model_server(folder) as models, gateway(folder, models.port) as served:
        eventually(lambda: served.serves(1))
        requests = Requests(release, seed, _continued(served))
        asyncio.run(_send(served, requests, range(-_WARM_UP, 0), Outcome("warm-up")))
        memory, answers = served.server.resident_bytes, _fixed_answers(served)
        asyncio.run(_send(served, requests, numbers, outcome))
        after = served.server.resident_bytes
        outcome.facts.append(f"resident memory {memory / 2**20:.0f} MiB before, {after / 2**20:.0f} MiB after")
        outcome.require(after <= memory * (1 + _MAX_GROWTH), f"memory grew from {memory:,} to {after:,} bytes")
        for number, (before, now) in enumerate(zip(answers, _fixed_answers(served), strict=True)):
            outcome.require(before == now, f"fixed request {number} is answered otherwise: {before}, then {now}")
        # gRPC logs errors of its own where a caller is gone before the answer.
        errors = [line for line in served.server.log.splitlines() if " ERROR /" in line]
        outcome.require(not errors, f"{len(errors)} errors in the log, the first: {errors[:1]}")


def _continued(served: Gateway) -> Mapping[str, Any]:
    """Returns a request for a second page of each paged RPC."""
    requests = {rpc: getattr(service_pb2, f"{rpc}Request")(**fields) for rpc, fields in _PAGED.items()}
    for rpc, request in requests.items():
        request.page_token = getattr(served.stub, rpc)(request, timeout=10).next_page_token
        assert request.page_token, f"{rpc} has one page"
    return requests


def _fixed_answers(served: Gateway) -> list[str]:
    answers = []
    for rpc, fields in _FIXED:
        message = getattr(service_pb2, f"{rpc}Request")(**fields)
        answer = getattr(served.stub, rpc)(message, timeout=10)
        for response in (answer, *(result.response for result in getattr(answer, "results", ()))):
            if hasattr(response, "recommendation_id"):
                response.recommendation_id = ""
        answers.append(str(answer))
    return answers


async def _send(served: Gateway, requests: Requests, numbers: range, outcome: Outcome) -> None:
    lag = Lag()
    async with grpc.aio.insecure_channel(f"localhost:{served.server.port}") as channel, lag.watched():
        for start in range(0, len(numbers), _AT_ONCE):
            # Drawn first: while one is being drawn nothing can be received.
            drawn = [(number, requests.draw(number)) for number in numbers[start : start + _AT_ONCE]]
            await asyncio.gather(*(_send_one(channel, lag, (number, request), outcome) for number, request in drawn))
            if start and start % 2000 == 0:
                console.print(f"{outcome.name}: {start:,} of {len(numbers):,}, {outcome.violations.total()} violations")


async def _send_one(channel: grpc.aio.Channel, lag: Lag, drawn: tuple[int, Request], outcome: Outcome) -> None:
    number, request = drawn
    started, late = time.monotonic(), await lag.total_seconds()
    call = channel.unary_unary(request.method)(request.data, timeout=request.timeout)
    code = await call.code()
    seconds = time.monotonic() - started
    late = await lag.total_seconds() - late
    rpc = request.method.rpartition("/")[2]
    outcome.counts[request.kind, code.name] += 1
    said = f"number {number}, {rpc}, {request.kind}, {len(request.data):,} bytes: {code.name} {await call.details()!r}"
    outcome.require(code in allowed_codes(request), said)
    limit = (_DEFAULT_SECONDS if request.timeout is None else request.timeout) + _LATE_SECONDS + late
    outcome.require(seconds <= limit, f"{said} after {seconds:.3f} s, allowed are {limit:.3f} s")
    if code is Code.DEADLINE_EXCEEDED and not any(
        key == "grpc-status-details-bin" for key, _ in await call.trailing_metadata() or ()
    ):
        outcome.counts["the caller gave up first", f"{request.timeout} s"] += 1


def allowed_codes(request: Request) -> set[grpc.StatusCode]:
    """Returns what a request may get."""
    late = {Code.DEADLINE_EXCEEDED} if request.timeout is not None and request.timeout < 1 else set()
    if request.kind == "unknown method":
        return {Code.UNIMPLEMENTED} | late
    if len(request.data) > TOO_MANY_BYTES:
        return {Code.RESOURCE_EXHAUSTED} | late
    return {Code.OK} | late if request.legal else {Code.OK} | _CALLERS_FAULTS
