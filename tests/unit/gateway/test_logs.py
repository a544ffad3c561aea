"""The time in a line of the log is the one that logging tells."""

import logging
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.gateway.logs import _Discreet


@pytest.fixture(scope="module", autouse=True)
def zone_with_summer_time() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
        time.tzset()
        yield
    time.tzset()


@given(st.integers(0, 2**32), st.lists(st.floats(-1.5, 1.5), min_size=3, max_size=5))
def test_times_are_those_of_logging(second: int, moments: list[float]) -> None:
    formatter = _Discreet()
    for moment in moments:
        seconds = max(0, second + moment)
        record = logging.makeLogRecord({"created": seconds, "msecs": seconds % 1 * 1000})
        assert formatter.formatTime(record) == logging.Formatter().formatTime(record)
