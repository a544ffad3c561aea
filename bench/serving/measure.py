"""What is measured, round by round: floors and gateway in turn, so that a slow moment of the machine hits all alike."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from statistics import median
from typing import Any

import grpc
import numpy as np
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc

from bench.serving.floors import METHOD
from bench.serving.processes import Worker, start_gateway, wait_for

PAIR_METHOD = "/pairrec.v1.PairRecommendationService/RecommendPair"
# Of open loops, those loads that figures are of are tried so many times, each time for so much longer: of three seconds
# with too many calls the slowest hundredth are those of the first tenth of a second, before the crowd is noticed.
ROUNDS, TRIES, LONGER, CALLERS = 5, 3, 3, 64
# Offered, as shares of what many callers in a closed loop get.
LOADS = (0.2, 0.35, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1)
# Before each open loop: a gateway that refused calls lets fewer in for a second, and tells callers to come then.
REST_SECONDS = 1.5
# A rate is sustained where next to nothing is refused.
LEAST_ANSWERED = 0.999
# Of so many connections each worker gets some.
_LOOKS = 16

Result = dict[str, Any]


@dataclass
class Bench:
    """The processes of one run; `seconds` is how long one measurement of one thing takes."""

    releases: Path
    release: int
    requests: Path
    guest_requests: Path
    models: str
    seconds: float
    stack: ExitStack
    figures: dict[str, float] = field(default_factory=dict)

    def start(self) -> None:
        told = ["--releases", str(self.releases), "--release", str(self.release), "--requests", str(self.requests)]
        start = self.stack.enter_context
        self.load = start(Worker("bench.serving.load"))
        self.echo = start(Worker("bench.serving.floors", "echo")).target()
        self.direct = start(Worker("bench.serving.floors", "direct", *told))
        self.direct.first_line()
        self.two_calls = start(Worker("bench.serving.floors", "two-calls", *told)).target()
        self._direct()  # what runs first is slow
        self.closed(self.two_calls, METHOD, CALLERS)

    def start_gateway(self, stack: ExitStack, *flags: str) -> tuple[Worker, str]:
        gateway, target, seconds = start_gateway(stack, self.releases, self.models, "--port", "0", *flags)
        self.figures.setdefault("gateway_ready_s", seconds)
        for _ in range(_LOOKS):
            wait_for(lambda: self._answers_wrong(target))
        self.closed(target, PAIR_METHOD, 32, 2 * self.seconds)  # until everybody's standing is kept
        return gateway, target

    def _answers_wrong(self, target: str) -> str:
        """Returns what is wrong with an answer over a connection of its own, which may be another worker's."""
        with grpc.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) as channel:
            ask = service_pb2_grpc.PairRecommendationServiceStub(channel).RecommendPair
            try:
                answer = ask(service_pb2.RecommendPairRequest(first={"user_id": "1"}, second={"user_id": "2"}))
            except grpc.RpcError as error:
                return str(error)
        right = answer.recommendations and answer.source == 1 and answer.release_version == self.release
        return "" if right else f"the gateway answers something else: {answer}"

    def closed(self, target: str, method: str, callers: int, seconds: float | None = None) -> Result:
        return self._ask(target, method, callers=callers, seconds=seconds or self.seconds)

    def closed_guests(self, target: str, callers: int) -> Result:
        requests = str(self.guest_requests)
        return self._ask(target, PAIR_METHOD, callers=callers, seconds=self.seconds, requests=requests)

    def over_connections(self, target: str) -> Result:
        return self._ask(target, PAIR_METHOD, callers=CALLERS, seconds=self.seconds, connections=16)

    def open(self, target: str, rate: float, seconds: float) -> Result:
        time.sleep(REST_SECONDS)
        return self._ask(target, PAIR_METHOD, rate=rate, seconds=seconds)

    def _ask(self, target: str, method: str, **job: float | str) -> Result:
        result = self.load.ask({"target": target, "method": method, "requests": str(self.requests), **job})
        return result | summary(result)

    def rounds(self, gateway: Worker, target: str) -> Iterator[Result]:
        for _ in range(ROUNDS):
            echo, direct = self.closed(self.echo, METHOD, 1), self._direct()
            one = self.closed(target, PAIR_METHOD, 1)
            two_calls, before = self.closed(self.two_calls, METHOD, CALLERS), gateway.cpu_seconds()
            many, spent = self.closed(target, PAIR_METHOD, CALLERS), gateway.cpu_seconds() - before
            again = self._direct()
            guests, one_guest = self.closed_guests(target, CALLERS), self.closed_guests(target, 1)
            yield {
                "echo_p50_ms": echo["p50_ms"],
                "direct_p50_ms": direct["p50_ms"],
                "one_caller_p50_ms": one["p50_ms"],
                "one_caller_p99_ms": one["p99_ms"],
                "one_caller_p50_over_floor": one["p50_ms"] / (echo["p50_ms"] + direct["p50_ms"]),
                "direct_per_s": again["per_s"],
                "two_calls_per_s": two_calls["per_s"],
                "callers64_per_s": many["per_s"],
                "callers64_p50_ms": many["p50_ms"],
                "callers64_p99_ms": many["p99_ms"],
                "callers64_over_direct": many["per_s"] / ((direct["per_s"] + again["per_s"]) / 2),
                "callers64_over_two_calls": many["per_s"] / two_calls["per_s"],
                "gateway_cpu_us_per_pair": spent / many["answered"] * 1e6,
                "one_guest_caller_p50_ms": one_guest["p50_ms"],
                "one_guest_caller_p50_over_floor": one_guest["p50_ms"] / (echo["p50_ms"] + direct["p50_ms"]),
                "guest_callers64_per_s": guests["per_s"],
                "guest_callers64_over_direct": guests["per_s"] / ((direct["per_s"] + again["per_s"]) / 2),
            }

    def _direct(self) -> Result:
        result = self.direct.ask(self.seconds)
        return summary(result | {"codes": {"OK": len(result["latencies"])}})

    def loads(self, target: str, capacity: float) -> list[Result]:
        """Returns what came of each load offered, a `rate` each."""
        return [self._at(target, share * capacity, self.seconds) for share in LOADS]

    def _at(self, target: str, rate: float, seconds: float) -> Result:
        result = self.open(target, rate, seconds)
        return {"rate": rate} | {name: value for name, value in result.items() if name != "latencies"}

    def _tries(self, target: str, rate: float) -> list[Result]:
        return [self._at(target, rate, LONGER * self.seconds) for _ in range(TRIES)]

    def overload(self, target: str, loads: list[Result]) -> Result:
        """Notes what the loads tell, and returns what twice the highest sustained one gets."""
        highs = self._sustained(target, loads)
        rate = highs[0]["rate"]
        halves, overs = (self._tries(target, rate * share) for share in (0.5, 2.0))
        p99 = median(load["p99_ms"] for load in highs)
        self.figures |= {
            "sustained_per_s": rate,
            "sustained_p99_ms": p99,
            "half_load_p99_over_p50": median(half["p99_ms"] / half["p50_ms"] for half in halves),
            "overload_p99_over_sustained": median(over["p99_ms"] for over in overs) / p99,
            "overload_answered_per_s": median(over["per_s"] for over in overs),
        }
        return overs[0]

    def _sustained(self, target: str, loads: list[Result]) -> list[Result]:
        """Returns what came of the highest load, of those below the first that was not, that is sustained each time."""
        for load in reversed(list(takewhile(is_sustained, loads))):
            again = self._tries(target, load["rate"])
            if all(map(is_sustained, again)):
                return again
        raise SystemExit(f"bench: no load was sustained each time; the least was {loads[0]}")


def is_sustained(load: Result) -> bool:
    return load["answered"] >= LEAST_ANSWERED * sum(load["codes"].values())


def summary(result: Result) -> Result:
    latencies, answered = result["latencies"], result["codes"].get("OK", 0)
    p50, p99 = np.percentile(latencies or [np.inf], (50, 99)) * 1000
    return {"answered": answered, "per_s": answered / result["seconds"], "p50_ms": p50, "p99_ms": p99}


def import_seconds() -> float:
    """Returns how long the gateway's modules take to import, the quickest of three fresh processes."""
    modules = "server.gateway.__main__, server.gateway.server"
    code = f"import time; start = time.perf_counter(); import {modules}; print(time.perf_counter() - start)"
    command = [sys.executable, "-c", code]
    return min(float(subprocess.run(command, check=True, capture_output=True).stdout) for _ in range(ROUNDS))


def unkept(bench: Bench) -> dict[str, float]:
    """Returns what a gateway does that keeps nothing the models say of known users but their embeddings."""
    with ExitStack() as stack:
        _, target = bench.start_gateway(stack, "--standings_mb", "0")
        one = [bench.closed(target, PAIR_METHOD, 1)["p50_ms"] for _ in range(ROUNDS)]
        many = [bench.closed(target, PAIR_METHOD, CALLERS)["per_s"] for _ in range(ROUNDS)]
        floor = bench.figures["echo_p50_ms"] + bench.figures["direct_p50_ms"]
        return {
            "unkept_one_caller_p50_ms": median(one),
            "unkept_one_caller_p50_over_floor": median(one) / floor,
            "unkept_callers64_per_s": median(many),
            "unkept_callers64_over_direct": median(many) / bench.figures["direct_per_s"],
        }


def two_workers(bench: Bench, alone_mb: float) -> dict[str, float]:
    """Returns what a gateway with two workers takes beyond one without, and answers, both over several connections."""
    with ExitStack() as stack:
        gateway, target = bench.start_gateway(stack, "--workers", "2")
        bench.over_connections(target)  # until both workers keep everybody's standing
        rounds = [
            (bench.over_connections(target)["per_s"], bench.closed(bench.two_calls, METHOD, CALLERS)["per_s"])
            for _ in range(ROUNDS)
        ]
        return {
            "two_workers_extra_mb": gateway.memory_mb("Pss") - alone_mb,
            "two_workers_per_s": median(many for many, _ in rounds),
            "two_workers_over_two_calls": median(many / two_calls for many, two_calls in rounds),
        }


def write(path: Path, figures: dict[str, float], loads: list[Result]) -> None:
    path.write_text(json.dumps({**figures, "loads": loads}, indent=1, default=float) + "\n")
