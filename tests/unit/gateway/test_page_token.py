import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.gateway.page_token import Page
from server.recommender.lists import Source

REQUEST = {"first": {"user_id": "1"}, "second": {"genre_ratings": {"War": 5, "Drama": 1, "Comedy": 2}}}


def page(**fields: object) -> Page:
    return Page.of(service_pb2.RecommendPairRequest(**REQUEST | fields))


def token(page_size: int = 3) -> str:
    return page(page_size=page_size).next_token(100, 7, Source.MODEL_WITHOUT_STARS)


@pytest.mark.parametrize(("asked", "given"), [(0, 10), (1, 1), (100, 100), (101, 100), (2**31 - 1, 100)])
def test_page_size_is_bounded(asked: int, given: int) -> None:
    assert page(page_size=asked).size == given


def test_a_token_carries_on_where_the_page_before_ended() -> None:
    following = page(page_size=5, page_token=token())
    assert not following.faults
    assert (following.offset, following.version, following.source) == (3, 7, Source.MODEL_WITHOUT_STARS)
    assert list(range(100))[following.part] == [3, 4, 5, 6, 7]
    assert following.depth == 9


@given(entries=st.integers(0, 60), sizes=st.lists(st.integers(1, 20), min_size=60, max_size=60))
def test_pages_of_any_sizes_joined_are_the_list(entries: int, sizes: list[int]) -> None:
    joined, following = [], ""
    for size in sizes:
        current = page(page_size=size, page_token=following)
        joined += range(entries)[current.part]
        if not (following := current.next_token(min(entries, current.depth), 1)):
            break
    assert joined == list(range(entries))


@pytest.mark.parametrize("changed", [{"first": {"user_id": "2"}}, {"diversity": 0.1}, {"allow_fallback": True}])
def test_a_token_of_another_request_is_a_fault(changed: dict[str, object]) -> None:
    [fault] = page(page_token=token(), **changed).faults
    assert fault == ("page_token", "is of another request; only page_size may change between pages")


def test_a_token_of_another_rpc_is_a_fault() -> None:
    alike = service_pb2.ListRatedMoviesRequest(), service_pb2.ListPopularMoviesRequest()
    assert alike[0].SerializeToString() == alike[1].SerializeToString()
    alike[1].page_token = Page.of(alike[0]).next_token(100, 1)
    assert Page.of(alike[1]).faults


@given(garbage=st.text(min_size=1) | st.binary(min_size=1).map(lambda data: base64.urlsafe_b64encode(data).decode()))
def test_garbage_is_a_fault_and_asks_for_the_first_page(garbage: str) -> None:
    found = page(page_token=garbage)
    assert [fault.field for fault in found.faults] == ["page_token"]
    assert (found.offset, found.version, found.source) == (0, None, None)


@given(st.data())
def test_a_token_with_one_bit_changed_is_a_fault_or_a_sane_page(data: st.DataObject) -> None:
    raw = bytearray(base64.urlsafe_b64decode(token()))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    found = page(page_token=base64.urlsafe_b64encode(raw).decode())
    assert found.faults or (found.offset > 0 and found.version > 0)


def test_the_last_page_has_no_token() -> None:
    assert not page(page_size=3).next_token(3, 7)
    assert page(page_size=3).next_token(4, 7)
