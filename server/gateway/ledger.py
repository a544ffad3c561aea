"""What the metrics and the log learn of calls: many at a time, as one by itself takes three times as long."""

import asyncio
import logging
from functools import cache

from server.errors import GatewayFullError
from server.gateway.logs import Facts
from server.gateway.metrics import IN_FLIGHT, REQUEST_SECONDS, REQUESTS, STAGE_SECONDS
from server.gateway.observation import Observation
from server.gateway.pseudonyms import pseudonym

_PAUSE_SECONDS = 0.01
# What of an observation is logged, where it is not empty.
_LOGGED = ("request_id", "code", "objective", "strategy", "source", "release_version", "recommendation_id")

logger = logging.getLogger(__name__)

# Of few values: no label holds what a caller made up.
_requests = cache(REQUESTS.labels)
_request_seconds = cache(REQUEST_SECONDS.labels)
_stage_seconds = cache(STAGE_SECONDS.labels)


class Ledger:
    """Notes calls, and tells of them within 10 ms of an event loop that has time."""

    def __init__(self, log_key: bytes) -> None:
        """Starts with nothing to tell.

        Args:
            log_key: What user ids are keyed with in the log.
        """
        self._log_key = log_key
        self._over: list[tuple[str, float, Observation]] = []
        self._more_under_way, self._is_due = 0, False

    def note_under_way(self, change: int) -> None:
        """Notes that a call is under way, 1, or no longer, -1."""
        self._more_under_way += change
        self._tell_soon()

    def note_over(self, rpc: str, seconds: float, seen: Observation) -> None:
        """Notes that a call is over, refused or not."""
        self._over.append((rpc, seconds, seen))
        self._tell_soon()

    def tell(self) -> None:
        """Tells what is not told yet."""
        over, more_under_way = self._over, self._more_under_way
        self._over, self._more_under_way, self._is_due = [], 0, False
        IN_FLIGHT.inc(more_under_way)
        for rpc, seconds, seen in over:
            try:
                self._tell_of(rpc, seconds, seen)
            except Exception:  # the others are told of all the same
                logger.exception("a call of %s could not be told of", rpc)

    def _tell_of(self, rpc: str, seconds: float, seen: Observation) -> None:
        _requests(rpc, seen.code, seen.objective, seen.strategy, seen.source).inc()
        _request_seconds(rpc).observe(seconds)
        for stage, stage_seconds in seen.stages:
            _stage_seconds(stage).observe(stage_seconds)
        self._write_line(rpc, seconds, seen)

    def _tell_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(_PAUSE_SECONDS, self.tell)

    def _write_line(self, rpc: str, seconds: float, seen: Observation) -> None:
        # A line for each that is refused would keep others waiting.
        level = logging.DEBUG if seen.code == GatewayFullError.status else logging.INFO
        if logger.isEnabledFor(level):
            facts = Facts(message="call", rpc=rpc, milliseconds=round(seconds * 1000, 2))
            facts |= {name: value for name in _LOGGED if (value := getattr(seen, name))}
            if seen.user_ids:
                facts["user_ids"] = [pseudonym(self._log_key, user_id) for user_id in seen.user_ids]
            logger.log(level, facts)
