"""Room for calls, on a clock that the test turns."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gateway import room
from server.gateway.room import Room


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(room, "time", clock)
    return clock


def let_in(of: Room, clock: Clock, num_calls: int, times: int, seconds: float = 0.001, num_probable: int = 0) -> int:
    """Asks again and again for one of so many calls, and counts how often it is let in."""
    count = 0
    for _ in range(times):
        clock.now += seconds
        count += of.admits(num_calls, num_probable)
    return count


def test_as_many_as_there_is_room_for_are_never_refused(clock: Clock) -> None:
    assert let_in(Room(64), clock, 64, times=1000) == 1000


def test_room_falls_to_an_eighth_while_too_many_come(clock: Clock) -> None:
    full = Room(64)
    let_in(full, clock, 65, times=1000)
    assert full.size == 8


def test_some_are_let_in_however_many_come(clock: Clock) -> None:
    full = Room(64)
    let_in(full, clock, 800, times=1000)
    assert let_in(full, clock, 800, times=1000) == 10


@pytest.mark.parametrize("num_calls", [1, 40, 64])
def test_three_seconds_after_too_many_came_all_who_fit_are_let_in(clock: Clock, num_calls: int) -> None:
    full = Room(64)
    let_in(full, clock, 1000, times=1000)
    let_in(full, clock, num_calls, times=3100)
    assert let_in(full, clock, num_calls, times=1000) == 1000


def test_those_who_probably_wait_count_where_there_is_less_room_and_make_it_last_no_longer(clock: Clock) -> None:
    full = Room(64)
    assert let_in(full, clock, 64, times=1000, num_probable=640) == 1000
    let_in(full, clock, 1000, times=1000)
    assert let_in(full, clock, 8, times=1000, num_probable=80) == 100
    let_in(full, clock, 64, times=2100, num_probable=640)
    assert let_in(full, clock, 64, times=1000, num_probable=640) == 1000


def test_after_a_pause_all_the_room_is_there(clock: Clock) -> None:
    full = Room(64)
    let_in(full, clock, 1000, times=1000)
    assert let_in(full, clock, 64, times=1, seconds=3600) == 1


def test_one_call_too_many_after_a_pause_takes_little_of_it(clock: Clock) -> None:
    full = Room(64)
    let_in(full, clock, 65, times=1, seconds=3600)
    assert full.size > 32


@given(most=st.integers(1, 100), calls=st.lists(st.integers(1, 2000), max_size=50))
def test_there_is_always_room_for_one_and_never_for_more_than_the_most(most: int, calls: list[int]) -> None:
    some = Room(most)
    for num_calls in calls:
        some.admits(num_calls)
        assert 1 <= some.size <= most
    assert some.admits(1)
