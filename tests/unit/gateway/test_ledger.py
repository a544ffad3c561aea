"""What metrics and log learn of calls, and when."""

import asyncio
import logging

import pytest
from prometheus_client import REGISTRY

from server.gateway import ledger
from server.gateway.ledger import Ledger
from server.gateway.observation import Observation

IN_FLIGHT = "pairrec_requests_in_flight"


def sample(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.msg["rpc"] for record in caplog.records if record.levelno == logging.INFO]


async def test_many_calls_are_told_of_once_each_and_in_order(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    calls, before = Ledger(b"key"), sample("pairrec_stage_seconds_count", stage="a stage")
    for rpc in "ABA":
        calls.note_over(rpc, 0.5, Observation(stages=[("a stage", 0.1)]))
    assert not told(caplog)
    calls.tell()
    calls.tell()
    await asyncio.sleep(0.05)  # the timer that was set at first finds nothing
    assert told(caplog) == ["A", "B", "A"]
    assert sample("pairrec_stage_seconds_count", stage="a stage") == before + 3
    assert sample("pairrec_request_seconds_sum", rpc="A") == 1.0


async def test_it_tells_by_itself_again_and_again(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    calls = Ledger(b"key")
    async with asyncio.timeout(60):
        for count in (1, 2):
            calls.note_over("C", 0.5, Observation())
            while len(told(caplog)) < count:
                await asyncio.sleep(0.01)


async def test_calls_under_way_are_counted_from_begin_to_end() -> None:
    calls, before = Ledger(b"key"), sample(IN_FLIGHT)
    calls.note_under_way(1)
    calls.note_under_way(1)
    calls.tell()
    assert sample(IN_FLIGHT) == before + 2
    calls.note_under_way(-1)
    calls.note_under_way(1)
    calls.note_under_way(-1)
    calls.note_under_way(-1)
    calls.tell()
    assert sample(IN_FLIGHT) == before


async def test_one_that_cannot_be_told_of_keeps_no_other_from_it(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: bytes, user_id: str) -> str:
        raise OSError(user_id)

    monkeypatch.setattr(ledger, "pseudonym", fail)
    caplog.set_level(logging.INFO)
    calls = Ledger(b"key")
    for rpc, user_ids in (("D", []), ("E", ["Ada"]), ("F", [])):
        calls.note_over(rpc, 0.5, Observation(user_ids=user_ids))
    calls.tell()
    assert told(caplog) == ["D", "F"]
    [failed] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert failed.getMessage() == "a call of E could not be told of"
