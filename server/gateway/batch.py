"""Answers many requests for pairs' lists in one call, each as it would be answered alone."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import FieldFault, InvalidRequestError, PairrecError
from server.gateway import messages
from server.gateway.checks_lists import Asked, read_pair
from server.gateway.listing import Lister
from server.gateway.page_token import Page, page_size
from server.gateway.releases import ServedRelease
from server.recommender.lists import PairList
from server.recommender.queries import PairQuery

MAX_REQUESTS = 1000
MAX_MOVIES = 5000
# What a chunk holds in memory is bounded, and how long its lists take; in between other calls get their turn.
_CHUNK = 64
_MAX_CHUNK_DEPTH = 1000
# A full batch takes as long as sixteen calls, be it of many lists or of long ones.
_MOVIES_A_CALL = 320

Requests = Sequence[service_pb2.RecommendPairRequest]
_Chunk: TypeAlias = list[tuple[service_pb2.RecommendPairRequest, Page]]


def check_batch(requests: Requests) -> None:
    """Checks what the requests of a batch ask for together.

    Raises:
        InvalidRequestError: There is none, there are too many, or they ask for too many movies.
    """
    num_movies = _num_movies(requests)
    if not 1 <= len(requests) <= MAX_REQUESTS:
        raise InvalidRequestError([FieldFault("requests", f"are {len(requests)}; must be 1 to {MAX_REQUESTS}")])
    if num_movies > MAX_MOVIES:
        fault = f"ask for {num_movies} movies; must ask for {MAX_MOVIES} at most, all together"
        raise InvalidRequestError([FieldFault("requests", fault)])


def _num_movies(requests: Requests) -> int:
    return sum(max(0, page_size(request.page_size)) for request in requests[: MAX_REQUESTS + 1])


def num_calls(request: object) -> int:
    """Returns how many calls a request counts as where calls are let in; one that is no batch is one."""
    if not isinstance(request, service_pb2.BatchRecommendPairsRequest):
        return 1
    num_chunks = max(len(request.requests) / _CHUNK, _num_movies(request.requests) / _MOVIES_A_CALL)
    return max(1, ceil(num_chunks))


@dataclass(frozen=True)
class Batch:
    """Answers batches.

    Attributes:
        release: Returns the release that answers a page.
        lister: Returns what makes lists by a release, within the deadline of the call.
        turns: Bounds how many chunks of all batches are worked on at once.
    """

    release: Callable[[Page], Awaitable[ServedRelease]]
    lister: Callable[[ServedRelease], Lister[PairQuery, PairList]]
    turns: asyncio.Semaphore

    async def answer(self, requests: Requests) -> list[service_pb2.BatchRecommendPairsResult]:
        """Returns what each request gets, in their order; what is wrong with one is its own."""
        results = []
        for chunk in _chunks(requests):
            async with self.turns:
                results += await self._answer_chunk(chunk)
        return results

    async def _answer_chunk(self, requests: _Chunk) -> list[service_pb2.BatchRecommendPairsResult]:
        results: dict[int, service_pb2.BatchRecommendPairsResult] = {}
        of_release: defaultdict[ServedRelease, list[tuple[int, Asked[PairQuery]]]] = defaultdict(list)
        for place, (request, page) in enumerate(requests):
            await asyncio.sleep(0)
            try:
                release = await self.release(page)
                of_release[release].append((place, read_pair(request, page, release.catalog)))
            except PairrecError as error:
                results[place] = messages.batch_error(error)
        for release, placed in of_release.items():
            answers = await self.lister(release).make_all([asked for _, asked in placed])
            for (place, asked), answer in zip(placed, answers, strict=True):
                await asyncio.sleep(0)
                results[place] = messages.batch_result(asked, answer, release.catalog)
        return [results[place] for place in range(len(requests))]


def _chunks(requests: Requests) -> Iterator[_Chunk]:
    chunk: _Chunk = []
    depth = 0
    for request in requests:
        page = Page.of(request)
        if chunk and (len(chunk) == _CHUNK or depth + page.depth > _MAX_CHUNK_DEPTH):
            yield chunk
            chunk, depth = [], 0
        chunk.append((request, page))
        depth += max(0, page.depth)
    yield chunk
