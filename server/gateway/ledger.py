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
_IN_EVERY_LINE = ("request_id", "code", "objective", "strategy", "source", "release_version", "recommendation_id")

logger = logging.getLogger(__name__)

# Of few values: no label holds what a caller made up.
_requests = cache(REQUESTS.labels)
_request_seconds = cache(REQUEST_SECONDS.labels)
_stage_seconds = cache(STAGE_SECONDS.labels)


class Ledger:
    """Notes calls, and tells of them within 10 ms; within a loop."""

    def __init__(self, log_key: bytes) -> None:
        """Starts with nothing to tell.

        Args:
            log_key: What user ids are keyed with in the log.
        """
        self._log_key = log_key
        self._over: list[tuple[str, float, Observation]] = []
        self._begun, self._is_due = 0, False

    def begin(self, num_calls: int) -> None:
        """Notes that calls are under way; negative, that they no longer are."""
        self._begun += num_calls
        self._tell_soon()

    def end(self, rpc: str, seconds: float, seen: Observation) -> None:
        """Notes that a call is over, refused or not."""
        self._over.append((rpc, seconds, seen))
        self._tell_soon()

    def tell(self) -> None:
        """Tells what is not told yet."""
        over, begun = self._over, self._begun
        self._over, self._begun, self._is_due = [], 0, False
        IN_FLIGHT.inc(begun)
        for rpc, seconds, seen in over:
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
            facts |= {name: value for name in _IN_EVERY_LINE if (value := getattr(seen, name))}
            if seen.user_ids:
                facts["user_ids"] = [pseudonym(self._log_key, user_id) for user_id in seen.user_ids]
            logger.log(level, facts)
