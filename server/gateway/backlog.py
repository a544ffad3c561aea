"""How many calls wait for the gateway to see them: gRPC queues them where Python cannot look.

A call is taken off that queue about as fast as calls are answered, so under too much load the calls under way stay few
while those not yet seen grow without end. A probe, a health check that the gateway sends itself, queues behind them:
those seen before it were waiting, but for a few that came while it was on its way.
"""

import asyncio
import logging
import math
import secrets
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# Between two probes, of which there is none while nobody calls; each takes about .3 ms of a core.
_PAUSE_SECONDS = 0.01
# Where no call was seen for so long none waits, whatever the last probe found.
_GAP_SECONDS = 0.02
# As many calls as one connection can have wait .6 s, so what takes longer is rather lost. Until it ends all calls seen
# count as waiting, and they are not to for long where no probe ever comes through.
_PROBE_SECONDS, _PAUSE_AFTER_FAILURE_SECONDS = 2.0, 1.0
_MARK = "x-pairrec-probe"

logger = logging.getLogger(__name__)


class Backlog:
    """Counts the calls that wait, as the last probe found them; 0 where no probe comes through."""

    def __init__(self) -> None:
        """Starts with nobody waiting, and nowhere to send probes."""
        self._check: health_pb2_grpc.HealthStub | None = None
        self._seen = self._waited = 0
        self._sent_after = 0
        self._probe = ""  # the mark of the one under way; others cannot guess it
        self._seen_at = self._next_at = -math.inf
        self._probing: asyncio.Task[None] | None = None

    async def probe_by(self, to_itself: grpc.aio.Channel) -> None:
        """Sends probes from now on by a channel from this gateway to itself, if it connects."""
        try:
            await asyncio.wait_for(to_itself.channel_ready(), _PROBE_SECONDS)
            self._check = health_pb2_grpc.HealthStub(to_itself)
        except TimeoutError:
            logger.warning("the gateway cannot reach itself: calls that wait to be seen are not counted")

    @property
    def waiting(self) -> int:
        """How many calls were waiting lately."""
        return max(self._seen - self._sent_after if self._probe else 0, self._waited)

    def see(self, call: grpc.HandlerCallDetails, *, counts: bool) -> None:
        """Takes note of a call that waits no longer: a probe, or one that counts."""
        if counts:
            now = time.monotonic()
            self._waited = self._waited if now - self._seen_at < _GAP_SECONDS else 0
            self._seen, self._seen_at = self._seen + 1, now
            if self._check and not self._probe and now >= self._next_at:
                self._probe, self._sent_after = secrets.token_hex(), self._seen
                self._probing = asyncio.create_task(self._send(self._check, self._probe))
        elif self._probe and (_MARK, self._probe) in (call.invocation_metadata or ()):
            self._end(self._seen - self._sent_after, _PAUSE_SECONDS)

    async def _send(self, check: health_pb2_grpc.HealthStub, probe: str) -> None:
        request = health_pb2.HealthCheckRequest(service="liveness")
        try:
            await check.Check(request, timeout=_PROBE_SECONDS, metadata=((_MARK, probe),))
        except Exception as error:  # noqa: BLE001 - whatever it is, calls must not be refused for it
            logger.debug("a probe failed: %r", error)
        finally:
            if self._probe == probe:  # it was not seen
                self._end(0, _PAUSE_AFTER_FAILURE_SECONDS)

    def _end(self, waited: int, pause_seconds: float) -> None:
        self._probe, self._waited, self._next_at = "", waited, time.monotonic() + pause_seconds
