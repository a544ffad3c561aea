"""Many at once are answered as each is alone, without any server: sharing calls changes no list."""

import asyncio
from itertools import combinations, cycle, product

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_pb2_grpc
from pairrec.v1 import recommendation_pb2

from server.gateway.checks_lists import read_pair
from server.gateway.messages import pair_response
from server.gateway.page_token import Page
from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels
from server.recommender.recommend import Recommender
from tests.integration.gateway.conftest import Stack

PEOPLE = [{"user_id": user_id} for user_id in ("1", "2", "3", "zoë", "nobody knows me")]
PEOPLE += [{"history": [{"movie_id": f"m{row}", "rating": 4.5} for row in rows]} for rows in ([3], range(20))]
KINDS = product(recommendation_pb2.Objective.values(), recommendation_pb2.Strategy.values(), ({}, {"min_year": 2010}))
REQUESTS = [
    service_pb2.RecommendPairRequest(first=first, second=second, objective=kind[0], strategy=kind[1], filter=kind[2])
    for (first, second), kind in zip(combinations(PEOPLE, 2), cycle(KINDS), strict=False)
] * 3


async def ask_all_at_once(port: int) -> list[service_pb2.RecommendPairResponse]:
    async with grpc.aio.insecure_channel(f"localhost:{port}") as channel:
        stub = service_pb2_grpc.PairRecommendationServiceStub(channel)
        return await asyncio.gather(*(stub.RecommendPair(request, timeout=60) for request in REQUESTS))


async def test_the_same_movies_come_as_without_shared_calls(stack: Stack) -> None:
    catalog = Catalog.open(stack.root / "catalog" / "1")
    recommender = Recommender(InProcessModels(stack.root, 1), catalog)
    for request, answer in zip(REQUESTS, await ask_all_at_once(stack.gateway.server.port), strict=True):
        asked = read_pair(request, Page.of(request), catalog)
        [alone] = await recommender.recommend_pairs([asked.query])
        expected = pair_response(asked, alone, catalog).recommendations
        assert [one.movie for one in answer.recommendations] == [one.movie for one in expected]
        for one, other in zip(answer.recommendations, expected, strict=True):
            assert (one.first.rank, one.second.rank) == (other.first.rank, other.second.rank)
            numbers = [(of.pair_score, of.first.score, of.first.predicted_rating) for of in (one, other)]
            assert numbers[0] == pytest.approx(numbers[1], abs=1e-5)
