"""What batches take of a gateway that others ask too."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.errors import GatewayFullError
from server.gateway.batch import Batch, num_calls
from server.gateway.calls import Calls
from server.gateway.deadline import Deadline
from server.gateway.listing import Lister
from server.gateway.page_token import Page
from server.gateway.releases import ServedRelease
from server.recommender.catalog import Catalog
from server.recommender.fallback import popular_pairs
from server.recommender.lists import PairList, Source
from server.recommender.queries import PairQuery

PAIR = {"first": {"user_id": "1"}, "second": {"user_id": "2"}}


def requests(count: int, **fields: object) -> list[service_pb2.RecommendPairRequest]:
    return [service_pb2.RecommendPairRequest(**PAIR | fields) for _ in range(count)]


@dataclass
class Noted:
    """Makes empty lists, and notes how many were asked for at once, and of how many batches."""

    sizes: list[int] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    async def ask(self, queries: Sequence[PairQuery]) -> list[PairList]:
        self.sizes.append(len(queries))
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await asyncio.sleep(0)
        self.under_way -= 1
        return [PairList(()) for _ in queries]

    def batch(self, releases: dict[int | None, ServedRelease], turns: asyncio.Semaphore) -> Batch:
        async def release(page: Page) -> ServedRelease:
            return releases[page.version]

        def lister(of: ServedRelease) -> Lister[PairQuery, PairList]:
            return Lister(of, Deadline.after(60), PairList, self.ask, popular_pairs)

        return Batch(release, lister, turns)


SIZES = [
    (130, 1, [64, 64, 2]),
    (20, 100, [9, 9, 2]),
    (1, 100, [1]),
    (65, -(2**31), []),
]


@pytest.mark.parametrize(("count", "page_size", "sizes"), SIZES)
async def test_a_chunk_has_few_lists_or_short_ones(
    catalog: Catalog, count: int, page_size: int, sizes: list[int]
) -> None:
    noted = Noted()
    batch = noted.batch({None: ServedRelease(catalog, None)}, asyncio.Semaphore(1))
    results = await batch.answer(requests(count, page_size=page_size))
    assert (len(results), [size for size in noted.sizes if size]) == (count, sizes)


async def test_only_so_many_chunks_are_worked_on_at_once(catalog: Catalog) -> None:
    noted, turns = Noted(), asyncio.Semaphore(2)
    batches = [noted.batch({None: ServedRelease(catalog, None)}, turns) for _ in range(5)]
    await asyncio.gather(*(batch.answer(requests(100)) for batch in batches))
    assert noted.most == 2


async def test_pages_of_two_releases_are_asked_of_each_together(catalog: Catalog) -> None:
    [first] = requests(1)
    tokens = [Page.of(first).next_token(99, version, Source.MODEL) for version in (3, 4, 3)]
    pages = [service_pb2.RecommendPairRequest(**PAIR, page_token=token) for token in tokens]
    noted = Noted()
    batch = noted.batch({version: ServedRelease(catalog, None) for version in (None, 3, 4)}, asyncio.Semaphore(1))
    results = await batch.answer([first, *pages])
    assert all(result.HasField("response") for result in results)
    assert noted.sizes == [1, 2, 1]


COSTS = [(0, 0, 1), (1, 0, 1), (64, 5, 1), (65, 1, 2), (50, 100, 16), (1000, 5, 16)]


@pytest.mark.parametrize(("count", "page_size", "calls"), COSTS)
def test_a_batch_counts_as_the_calls_it_takes_as_long_as(count: int, page_size: int, calls: int) -> None:
    batch = service_pb2.BatchRecommendPairsRequest(requests=requests(count, page_size=page_size))
    assert num_calls(batch) == calls
    assert num_calls(b"no batch") == 1


async def test_what_counts_as_many_is_let_in_alone_or_where_it_leaves_room_and_takes_none_from_others() -> None:
    calls = Calls(most=20, log_key=b"")
    with calls.admit(100), calls.admit():
        assert calls.in_flight == 16
        with pytest.raises(GatewayFullError, match=r"16 calls are under way .* room for 15"), calls.admit(2):
            pass
        with ExitStack() as others:
            for _ in range(4):
                others.enter_context(calls.admit())
            assert calls.in_flight == 20
    with Calls(most=1, log_key=b"").admit(100):
        pass
    assert calls.in_flight == 0


async def test_batches_under_way_take_no_room_from_others_but_their_own() -> None:
    calls = Calls(most=20, log_key=b"")
    with calls.admit(15), calls.admit(), calls.admit(), calls.admit(), calls.admit():
        with calls.admit():
            for _ in range(100):
                with pytest.raises(GatewayFullError), calls.admit():
                    pass
                time.sleep(0.001)  # in which room would fall
        with calls.admit():
            assert calls.in_flight == 20
