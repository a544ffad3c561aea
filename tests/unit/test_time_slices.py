"""Slices asked for, read back from the kernel; each in a thread of its own, which it is for."""

import os
import platform
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest

from server.time_slices import DEFAULT_NS, SHORT_NS, ask_for_slices
from tests.kernel import slice_and_niceness, takes_slices

T = TypeVar("T")


def in_new_thread(work: Callable[[], T]) -> T:
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result()


@takes_slices
def test_the_thread_and_those_it_starts_have_the_slice_and_others_do_not() -> None:
    def work() -> tuple[int, int]:
        ask_for_slices(SHORT_NS)
        return slice_and_niceness()[0], in_new_thread(slice_and_niceness)[0]

    before = slice_and_niceness()
    assert in_new_thread(work) == (SHORT_NS, SHORT_NS)
    assert slice_and_niceness() == before != (SHORT_NS, before[1])


@takes_slices
def test_the_default_comes_back() -> None:
    def work() -> tuple[int, int]:
        ask_for_slices(SHORT_NS)
        ask_for_slices(DEFAULT_NS)
        return slice_and_niceness()

    assert in_new_thread(work) == slice_and_niceness()


@takes_slices
@pytest.mark.parametrize("policy", ["SCHED_OTHER", "SCHED_BATCH"])
@pytest.mark.parametrize("on_fork", [0, "SCHED_RESET_ON_FORK"])
def test_niceness_and_policy_stay(policy: str, on_fork: int | str) -> None:
    def work() -> tuple[int, int, tuple[int, int]]:
        os.nice(3)
        number = getattr(os, policy) | (getattr(os, on_fork) if on_fork else 0)
        os.sched_setscheduler(0, number, os.sched_param(0))
        niceness = os.getpriority(os.PRIO_PROCESS, 0)
        ask_for_slices(SHORT_NS)
        return os.sched_getscheduler(0) - number, niceness, slice_and_niceness()

    changed, niceness, after = in_new_thread(work)
    assert (changed, after) == (0, (SHORT_NS, niceness))


@takes_slices
@pytest.mark.parametrize(("where", "what"), [((platform, "machine"), lambda: "riscv64"), ((sys, "platform"), "darwin")])
def test_where_no_such_call_is_known_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, where: tuple[object, str], what: object
) -> None:
    def work() -> tuple[int, int]:
        with monkeypatch.context() as patch:
            patch.setattr(*where, what)
            ask_for_slices(SHORT_NS)
        return slice_and_niceness()

    before = slice_and_niceness()
    assert in_new_thread(work) == before


@takes_slices
def test_where_the_kernel_refuses_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.time_slices._KEEP_POLICY", 1 << 63)
    before = slice_and_niceness()
    ask_for_slices(SHORT_NS)
    assert slice_and_niceness() == before
