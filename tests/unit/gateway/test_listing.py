import asyncio
from collections.abc import Sequence

import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import DeadlineExceededError, ModelsUnavailableError, PairrecError
from server.gateway.checks_lists import Asked, read_pair
from server.gateway.deadline import Deadline
from server.gateway.listing import Lister
from server.gateway.page_token import Page
from server.gateway.releases import ServedRelease
from server.recommender.catalog import Catalog
from server.recommender.fallback import popular_pairs
from server.recommender.lists import PairList, Source
from server.recommender.models import RANKING_HEAD
from server.recommender.queries import PairQuery

STARLESS = PairList((), source=Source.MODEL_WITHOUT_STARS, fault="the stars have gone out")


def asked(catalog: Catalog, **fields: object) -> Asked[PairQuery]:
    request = service_pb2.RecommendPairRequest(first={"user_id": "1"}, second={"user_id": "2"}, **fields)
    return read_pair(request, Page.of(request), catalog)


def make(catalog: Catalog, answer: PairList | PairrecError, seconds: float = 60, **fields: object) -> PairList:
    async def ask(queries: Sequence[PairQuery]) -> list[PairList]:
        if isinstance(answer, PairrecError):
            raise answer
        return [answer for _ in queries]

    release = ServedRelease(catalog, None)
    lister = Lister(release, Deadline.after(seconds), PairList, ask, popular_pairs)
    return asyncio.run(lister.make(asked(catalog, **fields)))


def test_a_list_without_stars_will_do_where_nothing_is_said(catalog: Catalog) -> None:
    assert make(catalog, STARLESS) is STARLESS


@pytest.mark.parametrize(("seconds", "error"), [(60, ModelsUnavailableError), (-1, DeadlineExceededError)])
def test_missing_stars_are_a_matter_of_time_or_of_models(
    catalog: Catalog, seconds: float, error: type[PairrecError]
) -> None:
    with pytest.raises(error, match="the stars have gone out"):
        make(catalog, STARLESS, seconds, allow_fallback=False)


@pytest.mark.parametrize("error", [ModelsUnavailableError("gone"), DeadlineExceededError("late")])
def test_what_keeps_the_models_is_the_reason_or_the_error(catalog: Catalog, error: PairrecError) -> None:
    fallback = make(catalog, error)
    assert (fallback.source, fallback.fault) == (Source.FALLBACK_POPULAR, str(error))
    with pytest.raises(type(error), match=str(error)):
        make(catalog, error, allow_fallback=False)


def test_without_stars_a_list_that_must_have_them_is_refused_unasked(catalog: Catalog) -> None:
    async def ask(queries: Sequence[PairQuery]) -> list[PairList]:
        assert not queries
        return []

    release = ServedRelease(catalog, None, outage={RANKING_HEAD: "LOADING"})
    lister = Lister(release, Deadline.after(60), PairList, ask, popular_pairs)
    with pytest.raises(ModelsUnavailableError, match="ranking_head does not answer: LOADING"):
        asyncio.run(lister.make(asked(catalog, allow_fallback=False)))
