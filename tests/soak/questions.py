"""Questions of every kind with the only answers they may get, models at work or not."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import combinations
from typing import Any

import grpc
import numpy as np
from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from tests.tiny_release import TinyRelease, oracle

Code = grpc.StatusCode
_WATCH, _LIKE = recommendation_pb2.OBJECTIVE_WATCH, recommendation_pb2.OBJECTIVE_LIKE
_MODEL = recommendation_pb2.SOURCE_MODEL


@dataclass
class Question:
    """One request, and what its answer may be.

    Attributes:
        seconds: The deadline.
        needs_models: Whether it may be answered UNAVAILABLE, or DEADLINE_EXCEEDED, without models.
        popular: The movies of each list in the answer when no model answers.
        plain: The same when the ranking head does not.
        best: The same when all is well.
        right: The whole answer when all is well.
    """

    rpc: str
    request: Message
    seconds: float
    needs_models: bool = False
    popular: Sequence[list[str]] = ()
    plain: Sequence[list[str]] = ()
    best: Sequence[list[str]] = ()
    right: Message | None = field(default=None)

    def fault(self, code: grpc.StatusCode, answer: Message | None) -> str:
        """Returns what is wrong with an answer; nothing where it is right."""
        if answer is None:
            excused = self.needs_models and code in (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED)
            return "" if excused else f"answered {code.name}"
        lists = list(lists_of(answer))
        if not lists:
            return "" if self.rpc == "GetRelease" or answer == self.right else f"wrong: {answer}, right: {self.right}"
        if len(lists) != len(self.popular):
            return f"{len(lists)} lists instead of {len(self.popular)}: {answer}"
        return "; ".join(filter(None, map(self._list_fault, range(len(lists)), lists)))

    def _list_fault(self, number: int, answer: Any) -> str:
        source, movies = answer.source, movies_of(answer)
        if source == _MODEL:
            right = list(lists_of(self.right))[number]
            return "" if answer == right else f"wrong: {answer}, right: {right}"
        if self.needs_models:
            return f"source {source} was refused"
        expected = self.plain if source == recommendation_pb2.SOURCE_MODEL_WITHOUT_STARS else self.popular
        if not answer.fallback_reason:
            return f"source {source} without a reason"
        return "" if movies == expected[number] else f"source {source}: {movies}, right: {expected[number]}"


def lists_of(answer: Any) -> Iterator[Any]:
    """Yields the lists in an answer, without the id that is new every time."""
    for response in [result.response for result in getattr(answer, "results", ())] or [answer]:
        if hasattr(response, "recommendation_id"):
            response.recommendation_id = ""
            yield response


def movies_of(response: Any) -> list[str]:
    return [entry.movie.movie_id for entry in response.recommendations]


def questions(release: TinyRelease) -> list[Question]:
    """Returns questions over every RPC for people of the release, with short and long deadlines."""
    pairs = list(combinations(release.user_ids[:4], 2))
    return [
        *(_pair(release, *pair, objective) for pair in pairs for objective in (_WATCH, _LIKE)),
        _pair(release, *pairs[0], _WATCH, seconds=6.0),
        _pair(release, *pairs[1], _WATCH, allow_fallback=False),
        _batch([_pair(release, *pair, _WATCH) for pair in pairs[:3]]),
        *(_own(release, user_id) for user_id in release.user_ids[:3]),
        Question("PredictRatings", service_pb2.PredictRatingsRequest(member={"user_id": "1"}), 1.0, needs_models=True),
        Question("FindSimilarMovies", service_pb2.FindSimilarMoviesRequest(movie_id="m7"), 1.0, needs_models=True),
        Question(
            "ListRatedMovies",
            service_pb2.ListRatedMoviesRequest(user_id="2", share_history=True),
            1.0,
            needs_models=True,
        ),
        Question("SearchMovies", service_pb2.SearchMoviesRequest(query="movie 1"), 1.0),
        Question("ListPopularMovies", service_pb2.ListPopularMoviesRequest(), 1.0),
        Question("GetRelease", service_pb2.GetReleaseRequest(), 1.0),
    ]


def _pair(
    release: TinyRelease, first: str, second: str, objective: int, *, seconds: float = 1.0, allow_fallback: bool = True
) -> Question:
    request = service_pb2.RecommendPairRequest(
        first={"user_id": first}, second={"user_id": second}, objective=objective, allow_fallback=allow_fallback
    )
    plain, best = (
        [f"m{row}" for row in oracle(release, first, second, Fraction(1, 2), liking)[:10]]
        for liking in (False, objective == _LIKE)
    )
    return Question(
        "RecommendPair", request, seconds, not allow_fallback, [_popular(release, first, second)], [plain], [best]
    )


def _batch(pairs: Sequence[Question]) -> Question:
    request = service_pb2.BatchRecommendPairsRequest(requests=[pair.request for pair in pairs])
    lists = ([getattr(pair, name)[0] for pair in pairs] for name in ("popular", "plain", "best"))
    return Question("BatchRecommendPairs", request, 1.0, False, *lists)


def _own(release: TinyRelease, user_id: str) -> Question:
    request = service_pb2.RecommendRequest(member={"user_id": user_id})
    watched, scores = release.history(user_id), release.scores(user_id)
    rows = sorted((row for row in range(release.num_movies) if row not in watched), key=lambda row: (-scores[row], row))
    plain = [f"m{row}" for row in rows[: min(10, release.k)]]
    return Question("Recommend", request, 1.0, False, [_popular(release, user_id)], [plain], [plain])


def _popular(release: TinyRelease, *people: str) -> list[str]:
    counts = np.bincount([row for rows in release.histories for row in rows], minlength=release.num_movies)
    watched = {row for user_id in people for row in release.history(user_id)}
    return [f"m{row}" for row in np.argsort(-counts, kind="stable") if row not in watched][:10]
