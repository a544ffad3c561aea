"""A gateway of several processes that share its port: started together, replaced where one dies, stopped together."""

import logging
import os
import pickle
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace

from server.gateway.config import NO_LOG_KEY, GatewayConfig
from server.gateway.listening import held_port, listen_where_free

# How long the place of one that died is empty, each time twice as long, so that one that dies again and again takes
# little of the machine; one that lived for as long as the longest pause is taken for sound.
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 1.0, 60.0
# How often is looked whether a pause is over.
_LOOK_SECONDS = 0.2
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
# What workers take from stdin; not from flags, which others may see, as there is the key of the log.
_COMMAND = (sys.executable, "-m", "server.gateway.worker")

logger = logging.getLogger(__name__)


def supervise(config: GatewayConfig, set_up: Callable[[], None]) -> int:
    """Runs `config.workers` gateways on one port until SIGTERM or SIGINT, then drains them all.

    It alone minds signals, so that one to the whole process group drains them too. A second ends them at once, and so
    does, once they drain, the end of this process.

    Args:
        config: Each worker's, but for what they share: the port, the metrics and the key of the log.
        set_up: Is called in each of them before anything else.

    Returns:
        The exit code: 1 where a worker could not even start.

    Raises:
        PortError: The gateway cannot listen where it was told to.
    """
    with ExitStack() as stack:
        port = stack.enter_context(held_port(config.host, config.port))
        if config.metrics_port:
            from tempfile import TemporaryDirectory

            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(TemporaryDirectory())
            listen_where_free(config.host, config.metrics_port, lambda _: _serve_metrics(config))
        if not config.log_key:
            logger.info(NO_LOG_KEY)
        log_key = config.log_key or os.urandom(32)
        return _Workers(replace(config, port=port, log_key=log_key), set_up).run()


def _serve_metrics(config: GatewayConfig) -> None:
    # Not before, as it looks at the environment.
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(config.metrics_port, config.host.strip("[]"), registry)


@dataclass(frozen=True, eq=False)
class _Place:
    """What a worker takes in turn with those who died before it.

    Attributes:
        number: From 0, of as many as there are workers.
        pause_seconds: For how long it is empty before the next.
        start_at: When that is over.
    """

    number: int
    pause_seconds: float = 0.0
    start_at: float = 0.0

    def left(self, lived_seconds: float) -> "_Place":
        """Returns it without its worker, which lived for some seconds."""
        pause = min(max(2 * self.pause_seconds, _PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
        if lived_seconds >= _LONGEST_PAUSE_SECONDS:
            pause = _PAUSE_SECONDS
        return _Place(self.number, pause, time.monotonic() + pause)


@dataclass(frozen=True, eq=False)
class _Worker:
    """A worker, and the pipe by which it says that it listens, and learns that it is to stop or its parent is gone."""

    place: _Place
    pid: int
    pipe: socket.socket
    started_at: float = field(default_factory=time.monotonic)

    @classmethod
    def start(cls, place: _Place, told: object) -> "_Worker":
        """Starts a fresh interpreter, as gRPC is not fork-safe, and tells it what to do.

        It is deaf to signals: one to the whole group, as terminals and others send it, is this process's to mind.
        """
        ours, its = socket.socketpair()
        # Without the arenas that threads take of their own it needs some MB less.
        environment = {"MALLOC_ARENA_MAX": "2"} | os.environ
        actions = [(os.POSIX_SPAWN_DUP2, its.fileno(), 0)]
        pid = os.posix_spawn(_COMMAND[0], _COMMAND, environment, file_actions=actions, setsigmask=_STOP_SIGNALS)
        its.close()
        with suppress(OSError):  # it is dead
            message = pickle.dumps(told)
            ours.sendall(len(message).to_bytes(4) + message)
        return cls(place, pid, ours)

    def listens(self) -> bool:
        """Waits until it does, or is dead."""
        with suppress(OSError):
            return bool(self.pipe.recv(1))
        return False

    def stop(self) -> None:
        """Tells it to drain; may be said twice."""
        with suppress(OSError):  # it is dead
            self.pipe.send(b".")

    def bury(self) -> str:
        """Frees what is left of it, and says who it was and how it ended."""
        self.pipe.close()
        _, status = os.waitpid(self.pid, 0)
        return f"worker {self.pid} ended with {os.waitstatus_to_exitcode(status)}"


class _Workers:
    """The workers of one gateway, and the places that are empty."""

    def __init__(self, config: GatewayConfig, set_up: Callable[[], None]) -> None:
        self._config, self._set_up = config, set_up
        self._workers: list[_Worker] = []
        self._empty = [_Place(number) for number in range(config.workers)]
        self._stopping = False

    def run(self) -> int:
        for number in _STOP_SIGNALS:
            signal.signal(number, self._stop)
        self._fill()
        listening = [worker.listens() for worker in self._workers]
        failed = not (all(listening) or self._stopping)
        if failed:
            logger.error("a worker could not start; its lines say why")
            self._stop()
        elif not self._stopping:
            print(f"gateway listening on {self._config.host}:{self._config.port}", flush=True)  # noqa: T201 - as alone
        while self._workers or (self._empty and not self._stopping):
            pipes = {worker.pipe: worker for worker in self._workers}
            for pipe in select.select(pipes, (), (), _LOOK_SECONDS if self._empty else None)[0]:
                if not pipes[pipe].listens():
                    self._bury(pipes[pipe])
            self._fill()
        return int(failed)

    def _fill(self) -> None:
        for place in [place for place in self._empty if place.start_at <= time.monotonic()]:
            if not self._stopping:
                self._empty.remove(place)
                self._start(place)

    def _start(self, place: _Place) -> None:
        worker = _Worker.start(place, (self._config, self._set_up, place.number))
        self._workers.append(worker)
        if self._stopping:  # told while this one was on its way
            worker.stop()

    def _bury(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        told = worker.bury()
        if self._config.metrics_port:
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(worker.place.number)  # type: ignore[no-untyped-call]
        if not self._stopping:
            place = worker.place.left(time.monotonic() - worker.started_at)
            self._empty.append(place)
            logger.error("%s; starting another in %.0f s", told, place.pause_seconds)

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for number in _STOP_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        for worker in self._workers:
            worker.stop()
