"""`python -m tests.soak.measure_leak`: what lists alone reveal of a history, without that person's consent.

Two people are drawn, again and again. The first, whom the second never gave any consent, asks for their own list and
for that of both with all the weight on themselves, each to its end. What the first list holds and the second does not,
the second person must have watched. --slices asks so for every genre, or for every genre and every year. Run it by
  python -m server.serve --releases DIR --port 0 --model_server_port 0 -- \\
    python -m tests.soak.measure_leak --releases DIR
"""

import argparse
import os
import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc
from pairrec.v1 import movie_pb2
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from rich.console import Console

from server.recommender.catalog import Catalog

_PAGE, _SECONDS = 100, 30


class _Attack:
    """Asks, and counts how often."""

    def __init__(self, stub: service_pb2_grpc.PairRecommendationServiceStub, slices: Sequence[Any]) -> None:
        self._stub, self._slices = stub, slices
        self.calls = 0

    def watched(self, first: str, second: str) -> set[str]:
        """Returns what `second` must have watched, as far as `first` can tell."""
        return {movie_id for movies in self._slices for movie_id in self._watched_among(movies, first, second)}

    def _watched_among(self, movies: movie_pb2.MovieFilter, first: str, second: str) -> set[str]:
        member, partner = {"user_id": first, "share_history": True}, {"user_id": second}
        # What the first has watched is shown too: that is their own to share.
        shown = {"filter": movies, "page_size": _PAGE, "include_watched": "INCLUDE_WATCHED_BY_FIRST"}
        own = service_pb2.RecommendRequest(member=member, **shown)
        both = service_pb2.RecommendPairRequest(first=member, second=partner, first_weight=1, **shown)
        return {*self._whole(self._stub.Recommend, own)} - {*self._whole(self._stub.RecommendPair, both)}

    def _whole(self, rpc: Callable[..., Any], request: Any) -> Iterator[str]:
        while True:
            answer = rpc(request, timeout=_SECONDS)
            self.calls += 1
            yield from (entry.movie.movie_id for entry in answer.recommendations)
            request.page_token = answer.next_page_token
            if not request.page_token:
                return


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.measure_leak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--releases", type=Path, required=True, help="the folder that is served, to compare with")
    parser.add_argument("--address", default=os.environ.get("PAIRREC_ADDRESS", "localhost:50051"), help="(%(default)s)")
    parser.add_argument("--slices", choices=("none", "genres", "years"), default="none", help="(%(default)s)")
    parser.add_argument("--pairs", type=int, default=100, help="how many (%(default)s)")
    parser.add_argument("--seed", type=int, default=37, help="of whom to draw (%(default)s)")
    options = parser.parse_args()
    with grpc.insecure_channel(options.address) as channel:
        stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
        release = stub.GetRelease(service_pb2.GetReleaseRequest(), timeout=_SECONDS).release
        catalog = Catalog.open(options.releases / "catalog" / str(release.release_version))
        attack = _Attack(stub, _slices(options.slices, catalog))
        _report(attack, catalog, options)


def _slices(kind: str, catalog: Catalog) -> list[movie_pb2.MovieFilter]:
    if kind == "none":
        return [movie_pb2.MovieFilter()]
    genres = [movie_pb2.MovieFilter(genres=[genre]) for genre in catalog.info.genres]
    if kind == "genres":
        return genres
    years = {catalog.movie(row).year for row in range(catalog.num_movies)}
    return genres + [movie_pb2.MovieFilter(min_year=year, max_year=year) for year in sorted(years)]


def _report(attack: _Attack, catalog: Catalog, options: argparse.Namespace) -> None:
    rng = random.Random(options.seed)
    people = [catalog.user_id(position) for position in range(catalog.info.data.num_users)]
    shares, wrong = [], 0
    for _ in range(options.pairs):
        first, second = rng.sample(people, 2)
        watched = {catalog.movie(row).movie_id for row in catalog.history(second).rows.tolist()}
        found = attack.watched(first, second)
        shares.append(len(found & watched) / len(watched))
        wrong += len(found - watched)
    low, middle, high = statistics.quantiles(shares, n=4)
    Console(highlight=False).print(
        f"{options.pairs} pairs, slices: {options.slices}, {attack.calls / options.pairs:.0f} calls a pair. Of the "
        f"second person's history the first finds {middle:.0%} (median; quartiles {low:.0%} and {high:.0%}, mean "
        f"{statistics.mean(shares):.0%}); movies taken for watched that were not: {wrong}.",
        soft_wrap=True,
    )


if __name__ == "__main__":
    main()
