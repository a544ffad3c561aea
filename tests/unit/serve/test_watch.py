"""Waiting ends with what is waited for, a server's end, a signal or the time."""

import os
import signal
from collections.abc import Iterator

import pytest

from server.serve.watch import ServeError, StopRequested, Watch


@pytest.fixture
def watch() -> Iterator[Watch]:
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {signum: signal.getsignal(signum) for signum in signals}
    yield Watch()
    for signum, handler in before.items():
        signal.signal(signum, handler)


def test_it_returns_once_nothing_is_missing(watch):
    answers = ["the sun", "the moon", ""]
    watch.until(lambda: answers.pop(0))
    assert answers == []


def test_the_time_being_up_says_what_is_missing(watch):
    with pytest.raises(ServeError, match=r"gave up after 0.01 s \(--ready_seconds\): the sun"):
        watch.until(lambda: "the sun", 0.01)


def test_a_server_that_ended_is_what_is_said(watch):
    watch.ends = [lambda: "", lambda: "models ended with status 3"]
    with pytest.raises(ServeError, match="models ended with status 3"):
        watch.until(lambda: "the sun")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_comes_before_the_ends_it_may_have_caused(watch, signum):
    watch.ends = [lambda: "models ended with SIGTERM"]
    os.kill(os.getpid(), signum)
    with pytest.raises(StopRequested) as caught:
        watch.until(lambda: "the sun")
    assert caught.value.signum == signum
