"""Releases whose answers tell them apart, questions to them, and the only answer that each release may give."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from tests.tiny_release import TinyRelease, oracle, random_release, ranks

_USERS = ("1", "2", "3", "4", "5", "zoë")
# What each artefact brings into an answer.
PARTS = {"query_tower": "query", "movie_index": "candidates", "ranking_head": "stars", "catalog": "histories"}


class Lines(NamedTuple):
    """What an answer shows: movies in order, and the numbers beside each, `[movies, ...]`."""

    movie_ids: Sequence[str]
    numbers: np.ndarray

    def agrees(self, right: "Lines") -> bool:
        same = list(self.movie_ids) == list(right.movie_ids) and self.numbers.shape == right.numbers.shape
        return same and np.allclose(self.numbers, right.numbers, rtol=1e-6, atol=1e-6)

    def __str__(self) -> str:
        numbers = [[float(f"{number:.6g}") for number in line] for line in self.numbers.tolist()]
        return "; ".join(f"{movie_id} {line}" for movie_id, line in zip(self.movie_ids, numbers, strict=True))

    def page(self, start: int, size: int) -> "Lines":
        return Lines(self.movie_ids[start : start + size], self.numbers[start : start + size])


@dataclass
class Question:
    """A request, and how to read and to make its answer.

    Attributes:
        shown: What an answer shows.
        right: What the whole list of a release must show, straight from the definition.
    """

    rpc: str
    request: Any
    shown: Callable[[Any], Lines]
    right: Callable[[TinyRelease], Lines]
    _right: dict[int, Lines] = field(default_factory=dict)

    def fault(self, answer: Any, releases: Sequence[TinyRelease], offset: int) -> str:
        """Returns how an answer differs from that of the release it names; nothing where it does not."""
        version = answer.release_version
        if version not in self._right:
            self._right[version] = self.right(releases[version - 1])
        right = self._right[version].page(offset, self.request.page_size)
        shown = self.shown(answer)
        return "" if shown.agrees(right) else f"release {version}: {shown}, must be {right}"


def numbered_release(version: int) -> TinyRelease:
    """Returns a release like no other of its size: models of two fit each other, and what they answer is nobody's."""
    random, plain = np.random.default_rng(version), random_release(seed=version)
    # Whole numbers, so that products are exact; large ones, so that cosines are not equal by chance.
    query, candidates = (random.integers(-500, 501, of.shape) for of in (plain.query, plain.candidates))
    vectors = {"query": query.astype(np.float32), "candidates": candidates.astype(np.float32)}
    return replace(plain, **vectors, turn=version)


def mixture(release: TinyRelease, other: TinyRelease, artefact: str) -> TinyRelease:
    """Returns what would answer if one artefact came from another release."""
    return replace(release, **{PARTS[artefact]: getattr(other, PARTS[artefact])})


def questions() -> list[Question]:
    """Returns questions that every release answers, in pages and whole."""
    return [
        *(_pair(*pair) for pair in combinations(_USERS, 2)),
        *(_stars(user_id) for user_id in _USERS),
        *(_similar(row) for row in range(0, 40, 4)),
    ]


def _pair(first: str, second: str) -> Question:
    def right(release: TinyRelease) -> Lines:
        watched = {*release.history(first), *release.history(second)}
        rows = [row for row in range(release.num_movies) if row not in watched]
        people = [(release.scores(user_id), _stars_of(release, user_id)) for user_id in (first, second)]
        of_people = [ranks(release, person, rows, liking=False) for person in people]
        return _lines(
            release,
            oracle(release, first, second, Fraction(1, 2)),
            lambda row: [
                number
                for (scores, stars), rank in zip(people, of_people, strict=True)
                for number in (scores[row], rank[row], stars[row])
            ],
        )

    def shown(answer: Any) -> Lines:
        return _shown(answer.recommendations, lambda entry: [*_preference(entry.first), *_preference(entry.second)])

    members = {"first": {"user_id": first}, "second": {"user_id": second}}
    return Question("RecommendPair", service_pb2.RecommendPairRequest(**members, page_size=3), shown, right)


def _stars(user_id: str) -> Question:
    def right(release: TinyRelease) -> Lines:
        stars = _stars_of(release, user_id)
        return _lines(release, np.argsort(-stars, kind="stable").tolist(), lambda row: [stars[row]])

    def shown(answer: Any) -> Lines:
        return _shown(answer.ratings, lambda entry: [entry.predicted_rating])

    request = service_pb2.PredictRatingsRequest(member={"user_id": user_id}, page_size=10)
    return Question("PredictRatings", request, shown, right)


def _similar(row: int) -> Question:
    def right(release: TinyRelease) -> Lines:
        directions = release.candidates / np.linalg.norm(release.candidates, axis=1, keepdims=True)
        cosines = directions @ directions[row]
        order = [other for other in np.argsort(-cosines).tolist() if other != row]
        return _lines(release, order[: release.k], lambda other: [cosines[other]])

    def shown(answer: Any) -> Lines:
        return _shown(answer.movies, lambda entry: [entry.score])

    request = service_pb2.FindSimilarMoviesRequest(movie_id=f"m{row}", page_size=10)
    return Question("FindSimilarMovies", request, shown, right)


def _stars_of(release: TinyRelease, user_id: str) -> np.ndarray:
    return release.stars[release.line(user_id)]


def _preference(preference: recommendation_pb2.MemberPreference) -> list[float]:
    return [preference.score, preference.rank, preference.predicted_rating]


def _lines(release: TinyRelease, rows: Sequence[int], numbers: Callable[[int], list[float]]) -> Lines:
    counts = np.bincount([row for history in release.histories for row in history], minlength=release.num_movies)
    return Lines([f"m{row}" for row in rows], np.array([[counts[row], *numbers(row)] for row in rows], float))


def _shown(entries: Sequence[Any], numbers: Callable[[Any], list[float]]) -> Lines:
    movie_ids = [entry.movie.movie_id for entry in entries]
    return Lines(movie_ids, np.array([[entry.movie.rating_count, *numbers(entry)] for entry in entries], float))
