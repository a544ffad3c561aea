"""A gateway of several processes that share its port: started together, replaced where one dies, stopped together."""

import asyncio
import logging
import os
import secrets
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess

from server.gateway.config import NO_LOG_KEY, GatewayConfig
from server.gateway.listening import held_port, listen_where_free

# One that dies again and again takes no more of the machine than this allows.
_RESTART_SECONDS = 1.0
_SPAWN = get_context("spawn")  # gRPC is not fork-safe

logger = logging.getLogger(__name__)


def supervise(config: GatewayConfig, set_up: Callable[[], None]) -> int:
    """Runs `config.workers` gateways on one port until SIGTERM or SIGINT, then drains them all.

    A second signal ends them at once, and so does, once they drain, the end of this process.

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
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
            listen_where_free(config.host, config.metrics_port, lambda _: _serve_metrics(config))
        if not config.log_key:
            logger.info(NO_LOG_KEY)
        log_key = config.log_key or secrets.token_bytes(32)
        return _Workers(replace(config, port=port, log_key=log_key), set_up).run()


def _serve_metrics(config: GatewayConfig) -> None:
    # Not before, as it looks at the environment.
    from prometheus_client import CollectorRegistry, start_http_server
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    start_http_server(config.metrics_port, config.host.strip("[]"), registry)


@dataclass(frozen=True, eq=False)
class _Worker:
    """A worker, and the pipe by which it says that it listens and learns that its parent is gone."""

    process: SpawnProcess
    pipe: Connection

    def listens(self) -> bool:
        """Waits until it does, or is dead."""
        try:
            self.pipe.recv()
        except EOFError:
            return False
        return True

    def bury(self) -> str:
        """Frees what is left of it, and says who it was and how it ended."""
        self.process.join()
        told = f"worker {self.process.pid} ended with {self.process.exitcode}"
        self.process.close()
        self.pipe.close()
        return told


class _Workers:
    """The workers of one gateway."""

    def __init__(self, config: GatewayConfig, set_up: Callable[[], None]) -> None:
        self._config, self._set_up = config, set_up
        self._workers: list[_Worker] = []
        self._stopping = False

    def run(self) -> int:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for _ in range(self._config.workers):
            self._start()
        listening = [worker.listens() for worker in self._workers]
        failed = not (all(listening) or self._stopping)
        if failed:
            logger.error("a worker could not start; its lines say why")
            self._stop()
        elif not self._stopping:
            print(f"gateway listening on {self._config.host}:{self._config.port}", flush=True)  # noqa: T201 - as alone
        while self._workers:
            ended = wait([worker.process.sentinel for worker in self._workers])
            for worker in [worker for worker in self._workers if worker.process.sentinel in ended]:
                self._replace(worker)
        return int(failed)

    def _start(self) -> None:
        ours, its = _SPAWN.Pipe()
        process = _SPAWN.Process(target=_work, args=(self._config, self._set_up, its), name="gateway worker")
        process.start()
        its.close()
        self._workers.append(_Worker(process, ours))
        if self._stopping:  # told while this one was on its way
            process.terminate()

    def _replace(self, worker: _Worker) -> None:
        self._workers.remove(worker)
        pid, told = worker.process.pid, worker.bury()
        if self._config.metrics_port:
            from prometheus_client.multiprocess import mark_process_dead

            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        if not self._stopping:
            logger.error("%s; starting another", told)
            time.sleep(_RESTART_SECONDS)
        if not self._stopping:  # nor in the meantime
            self._start()

    def _stop(self, *_: object) -> None:
        self._stopping = True
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        for worker in self._workers:
            worker.process.terminate()


def _work(config: GatewayConfig, set_up: Callable[[], None], pipe: Connection) -> None:
    # A terminal sends it to all; the parent says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    set_up()
    from server.gateway.server import serve  # not in the parent, where it would take memory for nothing

    asyncio.run(serve(config, pipe))
