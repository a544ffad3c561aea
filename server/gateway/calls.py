"""The calls of the service under way: how many are let in, and what the log and the metrics learn of each."""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import grpc

from server.errors import GatewayFullError
from server.gateway.backlog import Backlog
from server.gateway.logs import Facts
from server.gateway.metrics import IN_FLIGHT, REQUEST_SECONDS, REQUESTS
from server.gateway.observation import Observation, begin
from server.gateway.pseudonyms import pseudonym
from server.gateway.room import Room

REQUEST_ID = "x-request-id"
# Visible ASCII, so that an id cannot pretend to be a line of the log.
_GOOD_REQUEST_ID = re.compile("[!-~]{1,128}")

logger = logging.getLogger(__name__)


@dataclass
class Calls:
    """Lets in so many calls at once, and tells of each one when it is over.

    Attributes:
        most: How many are let in.
        log_key: What user ids are keyed with in the log.
        in_flight: How many are under way.
        backlog: How many more wait to be seen.
    """

    most: int
    log_key: bytes = field(repr=False)
    in_flight: int = 0
    backlog: Backlog = field(default_factory=Backlog)

    def __post_init__(self) -> None:
        """Starts with all the room there is."""
        self._room, self._in_batches = Room(self.most), 0

    @contextmanager
    def observe(self, rpc: str, context: grpc.aio.ServicerContext[Any, Any]) -> Iterator[Observation]:
        """Observes one call, refused or not, from its beginning to its end."""
        observation = Observation(_request_id(context))
        begin(observation)
        context.set_trailing_metadata(((REQUEST_ID, observation.request_id),))
        start = time.perf_counter()
        try:
            yield observation
        except asyncio.CancelledError:
            observation.code = grpc.StatusCode.CANCELLED.name
            raise
        finally:
            self._tell(rpc, time.perf_counter() - start, observation)

    @contextmanager
    def admit(self, num_calls: int = 1) -> Iterator[None]:
        """Counts a call as under way, or one that takes as long as many as so many.

        These leave a quarter to others; and none is too large for a gateway without others.

        Raises:
            GatewayFullError: There are too many.
        """
        room, waiting, is_batch = max(1, self.most * 3 // 4), self.backlog.waiting, num_calls > 1
        if is_batch:
            num_calls = min(num_calls, room)
            fits = self.in_flight + waiting + num_calls <= room
        else:
            others = self.in_flight - self._in_batches + waiting
            fits = self._room.admits(others + 1) and self.in_flight < self.most
            room = self._room.size
            self.backlog.crowded = room < self.most
        if not fits:
            fault = f"{self.in_flight} calls are under way and {waiting} wait, and there is room for {room}"
            raise GatewayFullError(f"{fault}; this one counts as {num_calls}; try again in a second")
        self.in_flight += num_calls
        self._in_batches += num_calls * is_batch
        IN_FLIGHT.inc()
        try:
            yield
        finally:
            self.in_flight -= num_calls
            self._in_batches -= num_calls * is_batch
            IN_FLIGHT.dec()

    def _tell(self, rpc: str, seconds: float, seen: Observation) -> None:
        _requests(rpc, seen.code, seen.objective, seen.strategy, seen.source).inc()
        _request_seconds(rpc).observe(seconds)
        # A line for each that is refused would keep others waiting.
        level = logging.DEBUG if seen.code == GatewayFullError.status else logging.INFO
        if logger.isEnabledFor(level):
            facts = Facts(message="call", rpc=rpc, milliseconds=round(seconds * 1000, 2))
            for name, value in vars(seen).items():
                if value and name != "user_ids":
                    facts[name] = value
            if seen.user_ids:
                facts["user_ids"] = [pseudonym(self.log_key, user_id) for user_id in seen.user_ids]
            logger.log(level, facts)


# Of few values: no label holds what a caller made up.
_requests = cache(REQUESTS.labels)
_request_seconds = cache(REQUEST_SECONDS.labels)


def _request_id(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    for name, value in context.invocation_metadata() or ():
        if name == REQUEST_ID and isinstance(value, str) and _GOOD_REQUEST_ID.fullmatch(value):
            return value
    return secrets.token_hex(16)
