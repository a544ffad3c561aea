"""The calls of the service under way: how many are let in, and what is noted of each."""

import asyncio
import re
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import grpc

from server.errors import GatewayFullError
from server.gateway.backlog import Backlog
from server.gateway.ledger import Ledger
from server.gateway.observation import Observation, begin
from server.gateway.room import Room

REQUEST_ID = "x-request-id"
# Visible ASCII, so that an id cannot pretend to be a line of the log.
_GOOD_REQUEST_ID = re.compile("[!-~]{1,128}")


@dataclass
class Calls:
    """Lets in so many calls at once, and notes each one.

    Attributes:
        most: How many are let in.
        log_key: What user ids are keyed with in the log.
        in_flight: How many are under way.
        backlog: How many more wait to be seen.
        ledger: What is told of each.
    """

    most: int
    log_key: bytes = field(repr=False)
    in_flight: int = 0
    backlog: Backlog = field(default_factory=Backlog)

    def __post_init__(self) -> None:
        """Starts with all the room there is."""
        self._room, self._in_batches = Room(self.most), 0
        self.ledger = Ledger(self.log_key)

    def observe(self, rpc: str, context: grpc.aio.ServicerContext[Any, Any]) -> "_Observed":
        """Observes one call, refused or not, from its beginning to its end."""
        observation = Observation(_request_id(context))
        context.set_trailing_metadata(((REQUEST_ID, observation.request_id),))
        return _Observed(self.ledger, rpc, observation)

    def admit(self, num_calls: int = 1) -> "_Admitted":
        """Lets in a call, or one that takes as long as many as so many.

        These leave a quarter to others; and none is too large for a gateway without others.

        Returns:
            What counts it as under way while it is entered.

        Raises:
            GatewayFullError: There are too many.
        """
        room, waiting, is_batch = max(1, self.most * 3 // 4), self.backlog.waiting, num_calls > 1
        if is_batch:
            num_calls = min(num_calls, room)
            fits = self.in_flight + waiting + num_calls <= room
        else:
            seen, probably = self.in_flight - self._in_batches + 1, self.backlog.probably_waiting
            fits = self._room.admits(seen + waiting, seen + probably) and self.in_flight < self.most
            room = self._room.size
            waiting = probably if room < self.most else waiting
        if not fits:
            fault = f"{self.in_flight} calls are under way and {waiting} wait, and there is room for {room}"
            raise GatewayFullError(f"{fault}; this one counts as {num_calls}; try again in a second")
        return _Admitted(self, num_calls, num_calls * is_batch)

    def count(self, change: int, num_calls: int, in_batches: int) -> None:
        """Counts a call that comes, 1, or goes, -1, which counts as so many, of them some in batches."""
        self.in_flight += change * num_calls
        self._in_batches += change * in_batches
        self.ledger.note_under_way(change)


# Classes, as a generator would take twice as long.
class _Observed:
    """A call from its beginning to its end."""

    def __init__(self, ledger: Ledger, rpc: str, observation: Observation) -> None:
        self._ledger, self._rpc, self._observation = ledger, rpc, observation

    def __enter__(self) -> None:
        begin(self._observation)
        self._start = time.perf_counter()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, asyncio.CancelledError):
            self._observation.code = grpc.StatusCode.CANCELLED.name
        self._ledger.note_over(self._rpc, time.perf_counter() - self._start, self._observation)


class _Admitted:
    """A call that is counted as under way."""

    def __init__(self, calls: Calls, num_calls: int, in_batches: int) -> None:
        self._calls, self._num_calls, self._in_batches = calls, num_calls, in_batches

    def __enter__(self) -> None:
        self._calls.count(1, self._num_calls, self._in_batches)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._calls.count(-1, self._num_calls, self._in_batches)


def _request_id(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == REQUEST_ID and isinstance(value, str) and _GOOD_REQUEST_ID.fullmatch(value):
            return value
    return secrets.token_hex(16)
