from pathlib import Path

import grpc
import pytest

from tests.integration.gateway.conftest import Stack
from tests.integration.gateway.processes import (
    Gateway,
    bad_fields_of,
    eventually,
    gateway,
    model_server,
    reason_of,
    refused,
)
from tests.tiny_release import random_release, write_release

FIRST, SECOND = {"user_id": "1"}, {"user_id": "2"}
PAIR = {"first": FIRST, "second": SECOND}
PAGED = [
    ("RecommendPair", PAIR),
    *(("RecommendPair", PAIR | {"strategy": strategy, "objective": 2}) for strategy in range(1, 6)),
    ("RecommendPair", PAIR | {"diversity": 0.5, "strategy": 5}),
    ("RecommendPair", PAIR | {"filter": {"genres": ["Drama"]}}),
    ("Recommend", {"member": FIRST}),
    ("Recommend", {"member": {"history": [{"movie_id": "m1", "rating": 4}]}, "diversity": 0.9}),
    ("PredictRatings", {"member": FIRST}),
    ("ListRatedMovies", {"user_id": "2", "share_history": True}),
    ("ListPopularMovies", {}),
    ("ListPopularMovies", {"order_by": 2, "filter": {"max_year": 2010}}),
]


def entries_of(response: object) -> list[object]:
    """What the first repeated field of an answer holds: its movies, whatever the RPC."""
    return list(getattr(response, response.DESCRIPTOR.fields[0].name))


def movie_id(entry: object) -> str:
    return entry.movie_id if hasattr(entry, "movie_id") else entry.movie.movie_id


def page_through(served: Gateway, rpc: str, fields: dict[str, object], page_size: int) -> list[str]:
    joined, token = [], ""
    while not joined or token:
        response = served.ask(rpc, **fields, page_size=page_size, page_token=token)
        joined += map(movie_id, entries_of(response))
        token = response.next_page_token
    return joined


@pytest.mark.parametrize(("rpc", "fields"), PAGED)
def test_pages_joined_are_the_long_list_without_repeats(stack: Stack, rpc: str, fields: dict[str, object]) -> None:
    whole = stack.gateway.ask(rpc, **fields, page_size=100)
    assert not whole.next_page_token
    expected = [movie_id(entry) for entry in entries_of(whole)]
    assert len(set(expected)) == len(expected) > 3
    for page_size in (1, 3):
        assert page_through(stack.gateway, rpc, fields, page_size) == expected


@pytest.mark.parametrize(("rpc", "fields"), PAGED)
def test_a_token_serves_its_own_request_alone(stack: Stack, rpc: str, fields: dict[str, object]) -> None:
    token = stack.gateway.ask(rpc, **fields, page_size=1).next_page_token
    others = [(rpc, fields) for rpc, fields in PAGED if rpc == "RecommendPair"]
    other_rpc, other_fields = next(other for other in others if other != (rpc, fields))
    error = refused(lambda: stack.gateway.ask(other_rpc, **other_fields, page_token=token))
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert bad_fields_of(error) == ["page_token"]


def test_named_movies_are_not_paged(stack: Stack) -> None:
    token = stack.gateway.ask("PredictRatings", member=FIRST).next_page_token
    error = refused(lambda: stack.gateway.ask("PredictRatings", member=FIRST, movie_ids=["m1"], page_token=token))
    assert bad_fields_of(error) == ["page_token"]


def test_a_list_stays_with_its_release_while_that_is_loaded(root: Path) -> None:
    requests = dict(PAGED)
    with model_server(root) as models, gateway(root, models.port) as served:
        eventually(lambda: served.serves(1))
        expected = {rpc: page_through(served, rpc, fields, 2) for rpc, fields in requests.items()}
        tokens = {rpc: served.ask(rpc, **fields, page_size=1).next_page_token for rpc, fields in requests.items()}
        write_release(root, 2, random_release(seed=1))
        eventually(lambda: served.serves(2))
        for rpc, fields in requests.items():
            rest = served.ask(rpc, **fields, page_size=100, page_token=tokens[rpc])
            assert rest.release_version == 1
            assert [movie_id(entry) for entry in entries_of(rest)] == expected[rpc][1:]
        (root / "query_tower" / "1").rename(root / "gone")
        eventually(lambda: all(_is_gone(served, rpc, tokens[rpc]) for rpc in requests))


def _is_gone(served: Gateway, rpc: str, token: str) -> bool:
    try:
        served.ask(rpc, **dict(PAGED)[rpc], page_token=token)
    except grpc.RpcError as error:
        return error.code() is grpc.StatusCode.FAILED_PRECONDITION and reason_of(error) == "RELEASE_GONE"
    return False
