"""How many calls wait for the gateway to see them: gRPC queues them where Python cannot look.

A call is taken off that queue about as fast as calls are answered, so under too much load the calls under way stay few
while those not yet seen grow without end. A probe, a health check that the gateway sends itself, queues behind them:
as many calls as are seen before it comes back were waiting.
"""

import asyncio
import math
import secrets
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

# Between two probes, of which there is none while nobody calls; each takes about .3 ms of a core.
_PAUSE_SECONDS = 0.01
# So much later a count says nothing of now.
_FRESH_SECONDS = 0.1
_PROBE_SECONDS = 10.0
_MARK = "x-pairrec-probe"


class Backlog:
    """Counts the calls that wait, as the last probe found them.

    Attributes:
        to_itself: A channel from this gateway to itself; without one nobody seems to wait.
    """

    def __init__(self) -> None:
        """Starts with nobody waiting."""
        self.to_itself: grpc.aio.Channel | None = None
        self._secret = secrets.token_hex()  # or others could end a probe
        self._seen = self._waited = 0
        self._sent_after: int | None = None  # None while no probe is under way
        self._back_at = -math.inf
        self._probing: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many calls were waiting lately."""
        if self._sent_after is not None and self._seen - self._sent_after > self._waited:
            return self._seen - self._sent_after
        return self._waited if time.monotonic() - self._back_at < _FRESH_SECONDS else 0

    def see(self, call: grpc.HandlerCallDetails, *, counts: bool) -> None:
        """Takes note of a call that waits no longer: a probe, or one that counts."""
        if counts:
            self._seen += 1
            if self.to_itself and self._sent_after is None and time.monotonic() - self._back_at >= _PAUSE_SECONDS:
                self._sent_after = self._seen
                self._probing = asyncio.create_task(self._probe(self.to_itself))
        elif self._sent_after is not None and (_MARK, self._secret) in (call.invocation_metadata or ()):
            self._end(self._seen - self._sent_after)

    async def _probe(self, to_itself: grpc.aio.Channel) -> None:
        check = health_pb2_grpc.HealthStub(to_itself).Check
        request = health_pb2.HealthCheckRequest(service="liveness")
        try:
            await check(request, timeout=_PROBE_SECONDS, metadata=((_MARK, self._secret),))
        except grpc.aio.AioRpcError:
            self._end(0)  # it drains, and takes no more calls

    def _end(self, waited: int) -> None:
        self._waited, self._sent_after, self._back_at = waited, None, time.monotonic()
