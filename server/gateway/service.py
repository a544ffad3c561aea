"""The RPCs: choose the release, check, ask the recommender, write."""

import asyncio
from collections.abc import Awaitable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import grpc
import numpy as np
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from pairrec.v1 import recommendation_pb2

from server.errors import DeadlineExceededError
from server.gateway import checks_lists, checks_movies, messages
from server.gateway.batch import Batch, check_batch
from server.gateway.checks_lists import Asked
from server.gateway.config import GatewayConfig
from server.gateway.deadline import Deadline
from server.gateway.listing import Lister, pair_lister, person_lister, require_models
from server.gateway.model_server import ModelServer
from server.gateway.observation import Stage, observed
from server.gateway.page_token import Page, page_size
from server.gateway.ratings import predict_page
from server.gateway.releases import Releases, ServedRelease
from server.recommender.lists import PairList, Source
from server.recommender.members import unknown_ids
from server.recommender.models import MOVIE_INDEX, QUERY_TOWER, RANKING_HEAD
from server.recommender.queries import History, Member, PairQuery, PersonQuery
from server.recommender.recommend import Recommender

# ruff: noqa: N802 - the names of the RPCs are the contract's

SERVICE_NAME = service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"].full_name

# What checking, making and writing a list of popular movies takes, and half as much again; measured in full batches.
_SECONDS_A_LIST, _SECONDS_A_MOVIE = 0.0005, 1e-8

T = TypeVar("T")
Context = grpc.aio.ServicerContext[Any, Any]
ListResponse = TypeVar("ListResponse", service_pb2.RecommendPairResponse, service_pb2.RecommendResponse)


class PairRecommendationService(service_pb2_grpc.PairRecommendationServiceServicer):
    """`pairrec.v1.PairRecommendationService`; what goes wrong leaves as a PairrecError."""

    def __init__(self, config: GatewayConfig, model_server: ModelServer, releases: Releases) -> None:
        self._config = config
        self._model_server = model_server
        self._releases = releases
        # Of its own, as searches of a large catalogue would keep all else from a thread.
        self._searching = ThreadPoolExecutor(1, "search")
        # However many batches there are, other calls need not wait for more than two of their lists at a time.
        self._turns = asyncio.Semaphore(2)

    async def RecommendPair(
        self, request: service_pb2.RecommendPairRequest, context: Context
    ) -> service_pb2.RecommendPairResponse:
        """Answers one list that suits two people."""
        page, deadline = Page.of(request), self._deadline(context)
        release = await self._release(page)
        with Stage("check"):
            asked = checks_lists.read_pair(request, page, release.catalog)
        _observe_query(asked, asked.query.strategy.value)
        answer = await self._pair_lister(release, deadline).make(asked)
        with Stage("write"):
            return _observe_list(messages.pair_response(asked, answer, release.catalog), answer.source)

    async def Recommend(self, request: service_pb2.RecommendRequest, context: Context) -> service_pb2.RecommendResponse:
        """Answers one person's own list."""
        page, deadline = Page.of(request), self._deadline(context)
        release = await self._release(page)
        with Stage("check"):
            asked = checks_lists.read_person(request, page, release.catalog)
        _observe_query(asked)
        answer = await person_lister(release, self._recommender(release, deadline), deadline).make(asked)
        with Stage("write"):
            return _observe_list(messages.person_response(asked, answer, release.catalog), answer.source)

    async def BatchRecommendPairs(
        self, request: service_pb2.BatchRecommendPairsRequest, context: Context
    ) -> service_pb2.BatchRecommendPairsResponse:
        """Answers many pairs' lists, all by one release but for pages that continue the list of another."""
        check_batch(request.requests)
        served = await self._release()
        seconds_without = len(request.requests) * (_SECONDS_A_LIST + _SECONDS_A_MOVIE * served.catalog.num_movies)
        deadline, end = self._deadline(context, seconds_without), self._end(context)

        async def release(page: Page) -> ServedRelease:
            return served if page.version is None else await self._release(page)

        batch = Batch(release, lambda release: self._pair_lister(release, deadline), self._turns)
        results = await _within(end, batch.answer(request.requests), "the batch")
        observed().source = _worst_source(results)
        return service_pb2.BatchRecommendPairsResponse(results=results)

    async def PredictRatings(
        self, request: service_pb2.PredictRatingsRequest, context: Context
    ) -> service_pb2.PredictRatingsResponse:
        """Answers the stars someone would give: to the movies named, or to all."""
        page, deadline = Page.of(request), self._deadline(context)
        release = await self._release(page)
        asked = checks_movies.read_prediction(request, page, release.catalog)
        observed().user_ids = _user_ids(asked.member)
        require_models(release, QUERY_TOWER, RANKING_HEAD)
        rows, stars, token = await predict_page(self._recommender(release, deadline), asked, page)
        return service_pb2.PredictRatingsResponse(
            ratings=messages.predicted_ratings(release.catalog, rows, stars),
            next_page_token=token,
            release_version=release.version,
            unknown_members=unknown_ids(release.catalog, [asked.member]),
            unknown_movie_ids=asked.unknown_movie_ids,
        )

    async def ListRatedMovies(
        self, request: service_pb2.ListRatedMoviesRequest, context: Context
    ) -> service_pb2.ListRatedMoviesResponse:
        """Answers what someone rated, beside the stars they were predicted to give."""
        page, deadline = Page.of(request), self._deadline(context)
        release = await self._release(page)
        history = checks_movies.read_rated(request, page, release.catalog)
        member = Member(request.user_id)
        observed().user_ids = _user_ids(member)
        require_models(release, QUERY_TOWER, RANKING_HEAD)
        shown = History(history.rows[page.part], history.ratings[page.part])
        [stars] = await self._recommender(release, deadline).predict_ratings([member], shown.rows[np.newaxis])
        return service_pb2.ListRatedMoviesResponse(
            ratings=messages.movie_ratings(release.catalog, shown, stars),
            next_page_token=page.next_token(len(history.rows), release.version),
            release_version=release.version,
        )

    async def FindSimilarMovies(
        self, request: service_pb2.FindSimilarMoviesRequest, context: Context
    ) -> service_pb2.FindSimilarMoviesResponse:
        """Answers the movies most like one movie."""
        release, deadline = await self._release(), self._deadline(context)
        row = checks_movies.read_similar(request, release.catalog)
        require_models(release, MOVIE_INDEX)
        found = await self._recommender(release, deadline).similar_movies(row, page_size(request.page_size))
        return service_pb2.FindSimilarMoviesResponse(
            movies=messages.similar_movies(release.catalog, found), release_version=release.version
        )

    async def ListPopularMovies(
        self,
        request: service_pb2.ListPopularMoviesRequest,
        context: Context,  # noqa: ARG002 - no model is asked
    ) -> service_pb2.ListPopularMoviesResponse:
        """Answers the movies most people rated, or rated highest."""
        page = Page.of(request)
        release = await self._release(page)
        rows, unknown_movie_ids = checks_movies.read_popular(request, page, release.catalog)
        return service_pb2.ListPopularMoviesResponse(
            movies=messages.movies(release.catalog, rows[page.part].tolist()),
            next_page_token=page.next_token(len(rows), release.version),
            release_version=release.version,
            unknown_movie_ids=unknown_movie_ids,
        )

    async def SearchMovies(
        self,
        request: service_pb2.SearchMoviesRequest,
        context: Context,
    ) -> service_pb2.SearchMoviesResponse:
        """Answers movies by title."""
        release, deadline = await self._release(), self._deadline(context)
        checks_movies.check_search(request, release.catalog)
        rows = await self._search(release, deadline, request.query, page_size(request.page_size))
        return service_pb2.SearchMoviesResponse(
            movies=messages.movies(release.catalog, rows), release_version=release.version
        )

    async def GetRelease(
        self,
        request: service_pb2.GetReleaseRequest,  # noqa: ARG002 - it has no fields
        context: Context,
    ) -> service_pb2.GetReleaseResponse:
        """Answers which release is served, and asks the model server for the states of its models."""
        await self._release()
        # Half the time is for a model server that hangs; the rest to say so.
        states = await self._model_server.states(self._deadline(context).remaining_seconds() / 2)
        release = await self._release()  # there may be another by now
        return messages.release_response(release.catalog.info, states.of(release.version), self._releases.skipped)

    async def _release(self, page: Page | None = None) -> ServedRelease:
        """Returns the release that answers now, or the one that the pages before this one came from."""
        continued = page and page.version
        release = await self._releases.release(continued) if continued else self._releases.served
        observed().release_version = release.version
        return release

    def _recommender(self, release: ServedRelease, deadline: Deadline) -> Recommender:
        models = self._model_server.models(release.catalog.info, deadline)
        # Without a model server there are popular movies for everybody, and not for some what it said of them before.
        standings = release.standings if self._model_server.is_connected else None
        return Recommender(models, release.catalog, release.embeddings, standings)

    def _pair_lister(self, release: ServedRelease, deadline: Deadline) -> Lister[PairQuery, PairList]:
        return pair_lister(release, self._recommender(release, deadline), deadline)

    async def _search(self, release: ServedRelease, deadline: Deadline, query: str, size: int) -> list[int]:
        search = asyncio.get_running_loop().run_in_executor(self._searching, lambda: release.titles.search(query, size))
        return await _within(deadline, search, "the search")

    def _deadline(self, context: Context, seconds_without: float = 0.0) -> Deadline:
        """Returns when models must have answered, so that there is as much time to make lists without them."""
        return Deadline.before(self._seconds(context), self._config.deadline_margin_ms / 1000 + seconds_without)

    def _end(self, context: Context) -> Deadline:
        """Returns when an answer must be made, be it without models: later than these must have answered."""
        seconds = self._seconds(context)
        return Deadline.before(seconds, min(self._config.deadline_margin_ms / 2000, seconds / 8))

    def _seconds(self, context: Context) -> float:
        seconds = context.time_remaining()
        return self._config.default_deadline_ms / 1000 if seconds is None else seconds


async def _within(deadline: Deadline, work: Awaitable[T], name: str) -> T:
    try:
        return await asyncio.wait_for(work, deadline.remaining_seconds())
    except TimeoutError as error:
        raise DeadlineExceededError(f"{name} takes too long; ask for less, or allow more time") from error


def _observe_query(asked: Asked[PairQuery] | Asked[PersonQuery], strategy: str = "") -> None:
    seen = observed()
    seen.objective, seen.strategy = asked.query.wanted.objective.value, strategy
    seen.user_ids = _user_ids(*asked.members)


def _observe_list(response: ListResponse, source: Source) -> ListResponse:
    seen = observed()
    seen.source = "" if response.source == recommendation_pb2.SOURCE_UNSPECIFIED else source.value
    seen.recommendation_id = response.recommendation_id
    return response


def _worst_source(results: Iterable[service_pb2.BatchRecommendPairsResult]) -> str:
    """Returns where the list came from that had the fewest models; empty where there is no list."""
    worst = max((result.response.source for result in results), default=0)
    return recommendation_pb2.Source.Name(worst).removeprefix("SOURCE_").lower() if worst else ""


def _user_ids(*members: Member) -> list[str]:
    return [member.user_id for member in members if member.user_id]
