"""How many calls wait for the gateway to see them: gRPC queues them where Python cannot look.

A call is taken off that queue about as fast as calls are answered, so under too much load the calls under way stay few
while those not yet seen grow without end. What gRPC counts for channelz tells of them.

Source: gRFC L7/A14, channelz (`Server.data.calls_started`).
"""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from grpc._cython import cygrpc  # type: ignore[attr-defined]  # as grpcio-channelz does; there is no public name

# Between two looks at gRPC's counters; each takes .1 to .4 ms of a core.
_PAUSE_SECONDS = 0.01
# What is raised where gRPC does not tell, or otherwise than it does now.
_UNTOLD = (AttributeError, KeyError, ValueError)

logger = logging.getLogger(__name__)


class Backlog:
    """Counts the calls of one server that wait; 0 before `watch`, and where gRPC does not tell."""

    def __init__(self) -> None:
        """Starts with nobody waiting."""
        self._server_id: int | None = None
        self._seen = self._streams = 0
        self._lost = 0  # begun and never seen: their callers left before
        self._seen_with_waiting = 0  # how many will have been seen when those are that waited at the last look
        self._started = 0
        self._per_second = self._looked_at = 0.0

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Looks from now on at the one server of this process that is made in the meantime."""
        others: set[int] = set()
        with suppress(*_UNTOLD):
            others = _server_ids()
        yield
        try:
            (server_id,) = _server_ids() - others
            self._look(server_id, time.monotonic())
            self._server_id = server_id
        except _UNTOLD as error:
            logger.warning("calls that wait to be seen are not counted, as gRPC does not tell: %r", error)

    def see(self) -> None:
        """Takes note of a call that waits no longer."""
        self._seen += 1

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Takes note of a call that may last, such as a watch on health."""
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1

    @property
    def waiting(self) -> int:
        """How many calls wait, of those that had come at the last look; from within a call of this server."""
        if self._server_id is not None and (now := time.monotonic()) - self._looked_at >= _PAUSE_SECONDS:
            self._look(self._server_id, now)
        return max(0, self._seen_with_waiting - self._seen)

    @property
    def probably_waiting(self) -> int:
        """How many wait if calls came as fast since the last look as before it; right after `waiting`."""
        come = self._per_second * (time.monotonic() - self._looked_at)
        return max(0, self._seen_with_waiting - self._seen + int(come))

    def _look(self, server_id: int, now: float) -> None:
        seconds, self._looked_at = now - self._looked_at, now
        counts = json.loads(cygrpc.channelz_get_server(server_id))["server"]["data"]
        started, *ended = (int(counts.get(name, 0)) for name in ("callsStarted", "callsSucceeded", "callsFailed"))
        self._per_second, self._started = (started - self._started) / max(_PAUSE_SECONDS, seconds), started
        alive = started - sum(ended) - self._streams
        if alive <= 1:  # the call that asks, so none waits
            self._lost = started - self._seen
        self._seen_with_waiting = self._seen + min(started - self._seen - self._lost, alive)


def _server_ids() -> set[int]:
    """Returns those of this process's servers; in no order, as gRPC gives ids when it is first asked."""
    ids: set[int] = set()
    while page := json.loads(cygrpc.channelz_get_servers(max(ids, default=0) + 1)).get("server"):
        ids |= {int(server["ref"]["serverId"]) for server in page}
    return ids
