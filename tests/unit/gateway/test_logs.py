"""The time in a line of the log is the one that logging tells."""

import logging

from hypothesis import given
from hypothesis import strategies as st

from server.gateway.logs import set_up_logging


@given(created=st.lists(st.floats(0, 2**32 - 1), min_size=1, max_size=4))
def test_times_are_those_of_logging(created: list[float]) -> None:
    root = logging.getLogger()
    before = root.handlers[:]
    root.handlers.clear()
    try:
        set_up_logging("INFO", "text")
        formatter = root.handlers[0].formatter
    finally:
        root.handlers[:] = before
    assert formatter is not None
    for seconds in created:
        record = logging.makeLogRecord({"created": seconds, "msecs": seconds % 1 * 1000})
        assert formatter.formatTime(record) == logging.Formatter().formatTime(record)
