"""Slices asked for, read back from the kernel; each in a thread of its own, which it is for."""

import os
import platform
from concurrent.futures import ThreadPoolExecutor

from server.time_slices import DEFAULT_NS, SHORT_NS, ask_for_slices
from tests.kernel import slice_and_niceness, takes_slices


def in_new_thread(work):
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@takes_slices
def test_the_thread_and_those_it_starts_have_the_slice_and_others_do_not():
    def work():
        assert ask_for_slices(SHORT_NS)
        return slice_and_niceness(), in_new_thread(slice_and_niceness)

    mine = slice_and_niceness()
    own, child = in_new_thread(work)
    assert own[0] == child[0] == SHORT_NS != mine[0]
    assert slice_and_niceness() == mine


@takes_slices
def test_the_default_comes_back():
    def work():
        ask_for_slices(SHORT_NS)
        ask_for_slices(DEFAULT_NS)
        return slice_and_niceness()

    assert in_new_thread(work) == slice_and_niceness()


@takes_slices
def test_niceness_stays():
    def work():
        niceness = os.nice(3)
        ask_for_slices(SHORT_NS)
        return niceness, slice_and_niceness()

    niceness, (nanoseconds, after) = in_new_thread(work)
    assert (nanoseconds, after) == (SHORT_NS, niceness)


@takes_slices
def test_where_the_call_has_no_known_number_nothing_is_asked(monkeypatch):
    before = slice_and_niceness()
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    assert not ask_for_slices(SHORT_NS)
    monkeypatch.undo()
    assert slice_and_niceness() == before


def test_elsewhere_than_on_linux_nothing_is_asked(monkeypatch):
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.delattr(os, "sched_getscheduler", raising=False)
    assert not ask_for_slices(SHORT_NS)
