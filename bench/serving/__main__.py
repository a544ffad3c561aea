"""How fast pairs are answered beside floors measured in the same run: `make bench`, or `python -m bench.serving`."""

import argparse
import os
import platform
import random
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from bench.serving.load import write_requests
from bench.serving.measure import Bench, import_seconds, two_workers, unkept, write
from bench.serving.plot import draw
from bench.serving.processes import start_model_server
from server.gateway.release_folder import read_release_folder
from server.recommender.catalog import Catalog

NUM_REQUESTS = 5000
GUEST_MOVIES = 20
# name: (bound, whether the figure must stay below)
TARGETS = {
    "one_caller_p50_over_floor": (2.5, True),
    "half_load_p99_over_p50": (3.0, True),
    "callers64_over_direct": (1.0, False),
    "callers64_over_two_calls": (2.0, False),
    "overload_p99_over_sustained": (2.0, True),
    "gateway_import_s": (1.0, True),
    "gateway_rss_mb": (150.0, True),
    "gateway_ready_s": (3.0, True),
    "two_workers_extra_mb": (80.0, True),
}


def main() -> None:
    arguments = parsed()
    versions = read_release_folder(arguments.releases).versions
    if not versions:
        raise SystemExit(f"bench: no release in {arguments.releases}: make one with `make train`")
    figures, loads = run(arguments, versions[0])
    write(arguments.output, figures, loads)
    show(figures, loads)
    if arguments.plot:
        draw(loads, figures, arguments.plot)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--releases", type=lambda text: Path(text).resolve(), default="serving_models")
    parser.add_argument("--target", default="", help="a TensorFlow Serving that has the releases; none: the stand-in")
    parser.add_argument("--seconds", type=float, default=3.0, help="how long one measurement takes")
    parser.add_argument("--output", type=Path, default=Path("bench/results.json"))
    parser.add_argument("--plot", type=Path, help="a PNG of latency against load")
    return parser.parse_args()


def run(arguments: argparse.Namespace, release: int) -> tuple[dict[str, float], list[dict]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        catalog = Catalog.open(arguments.releases / "catalog" / str(release))
        requests, guest_requests = folder / "requests", folder / "guest_requests"
        write_requests(requests, pair_requests(catalog, user))
        write_requests(guest_requests, pair_requests(catalog, guest))
        models = arguments.target or start_model_server(stack, arguments.releases, folder / "models.log")
        bench = Bench(arguments.releases, release, requests, guest_requests, models, arguments.seconds, stack)
        bench.start()
        with ExitStack() as alone:
            gateway, target = bench.start_gateway(alone)
            rounds = list(bench.rounds(gateway, target))
            bench.figures |= {name: median(one[name] for one in rounds) for name in rounds[0]}
            loads = bench.loads(target, bench.figures["callers64_per_s"])
            loads.append(bench.overload(target, loads))
            bench.figures["gateway_rss_mb"] = gateway.memory_mb("Rss")
            alone_mb = gateway.memory_mb("Pss")
        bench.figures["gateway_import_s"] = import_seconds()
        bench.figures |= unkept(bench)
        bench.figures |= two_workers(bench, alone_mb)
    return bench.figures, loads


def pair_requests(catalog: Catalog, member: Callable[[Catalog, int], dict]) -> list[bytes]:
    """Returns requests for random pairs, everything but who they are left to its default."""
    users, draws = range(catalog.info.data.num_users), random.Random(37)
    pairs = ([member(catalog, user) for user in draws.sample(users, 2)] for _ in range(NUM_REQUESTS))
    return [service_pb2.RecommendPairRequest(first=first, second=second).SerializeToString() for first, second in pairs]


def user(catalog: Catalog, number: int) -> dict:
    """Returns a known user, by the id."""
    return {"user_id": catalog.user_id(number)}


def guest(catalog: Catalog, number: int) -> dict:
    """Returns someone whom nobody knows, with what a known user watched last."""
    history = catalog.history(catalog.user_id(number))
    last = zip(history.rows[-GUEST_MOVIES:].tolist(), history.ratings[-GUEST_MOVIES:].tolist(), strict=True)
    return {"history": [{"movie_id": catalog.movie(row).movie_id, "rating": stars} for row, stars in last]}


def show(figures: dict[str, float], loads: list[dict]) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n")
    for name, value in figures.items():
        bound, below = TARGETS.get(name, (None, True))
        verdict = f"{'at most' if below else 'at least'} {bound:g}: " if bound else ""
        verdict += "" if bound is None else "yes" if (value <= bound) == below else "NO"
        print(f"{name:32} {value:10.2f}  {verdict}")
    print(f"\n{'offered/s':>10} {'answered/s':>10} {'p50 ms':>8} {'p99 ms':>8}  codes")
    for load in loads:
        print(
            f"{load['rate']:10.0f} {load['per_s']:10.0f} {load['p50_ms']:8.1f} {load['p99_ms']:8.1f}  {load['codes']}"
        )


if __name__ == "__main__":
    main()
