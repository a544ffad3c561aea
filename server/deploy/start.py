"""Starts a local deployment, and waits until it serves."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from server.deploy.folder import LOCK
from server.deploy.state import Deployment, look
from server.deploy.supervision import supervise
from server.serve.children import ENVIRONMENT
from server.serve.model_servers import BINARY, Site, choose_model_server, docker_image_lacks
from server.serve.readiness import gateway_lacks, model_server_lacks
from server.serve.stack import gateway_command, models_config
from server.serve.watch import ServeError, Watch

_LAST_LINES = 10

_log = logging.getLogger("deploy")


@dataclass(frozen=True)
class Settings:
    """What to deploy and where; paths are absolute, a port of 0 is any that is free, `target` may be empty."""

    folder: Path
    releases: Path
    port: int
    model_server_port: int
    target: str
    ready_seconds: float


def start(settings: Settings, watch: Watch) -> None:
    """Fills the folder, starts supervisord, and returns once a release is served by all its models.

    Raises:
        ServeError: a server ended or was not ready in time; the message has the last lines of the logs.
        StopRequested: a signal came.
    """
    deployment = _write(settings)
    _start_supervisord(settings.folder, watch)
    try:
        for lack in (
            lambda: model_server_lacks(deployment.model_server),
            lambda: gateway_lacks(deployment.gateway),
            lambda: "; ".join(look(settings.folder, deployment).faults),
        ):
            watch.until(lack, settings.ready_seconds)
    except ServeError as error:
        raise ServeError("\n".join([str(error), *_last_lines(settings.folder)])) from error
    _log.info("ready: gateway on %s, model server on %s", deployment.gateway, deployment.model_server)
    _log.info("logs are %s/*.log; `make status` says how it is, `make stop` ends it", settings.folder)


def _write(settings: Settings) -> Deployment:
    server = choose_model_server(settings.target, shutil.which(BINARY), docker_image_lacks)
    _log.info("model server: %s", server.description)
    folder, config = settings.folder, settings.folder / "models.config"
    (folder / LOCK).touch()
    models = settings.target or f"localhost:{settings.model_server_port}"
    deployment = Deployment(f"localhost:{settings.port}", models, server.cleanup)
    deployment.write(folder)
    config.write_text(models_config(settings.releases))
    commands = {}
    if server.command:
        commands["models"] = server.command(Site(settings.model_server_port, config, settings.releases))
    # A restarted model server is noticed sooner than by the gateway's own second.
    commands["gateway"] = [*gateway_command(settings.port, models, settings.releases), "--poll_seconds=0.25"]
    supervise(folder, commands, {"models": server.cleanup})
    return deployment


def _start_supervisord(folder: Path, watch: Watch) -> None:
    process = subprocess.Popen(  # noqa: S603  # a command of ours
        [sys.executable, "-P", "-m", "server.deploy.keeper", str(folder), "0"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=ENVIRONMENT | os.environ,
        start_new_session=True,
    )
    watch.ends.append(lambda: "" if process.poll() is None else "supervisord ended")
    watch.ends.append(lambda: "\n".join(line for line in _read(folder / "supervisord.log") if " exited: " in line))


def _last_lines(folder: Path) -> Iterator[str]:
    for log in (folder / "supervisord.out", folder / "models.log", folder / "gateway.log"):
        if lines := _read(log)[-_LAST_LINES:]:
            yield f"the last lines of {log.name}:"
            yield from (f"  {line}" for line in lines)


def _read(log: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return log.read_text(errors="replace").splitlines()
    return []
