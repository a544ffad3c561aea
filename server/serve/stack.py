"""Model server and gateway, started in this order and stopped in the other."""

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from string import Template

from google.protobuf import text_encoding

from server.gateway.release_folder import read_release_folder
from server.serve.children import Child, stop
from server.serve.model_servers import BINARY, Site, choose_model_server, docker_image_lacks
from server.serve.ports import free_ports
from server.serve.readiness import gateway_lacks, model_server_lacks
from server.serve.watch import ServeError, Watch

_TEMPLATE = Path(__file__).parents[2] / "serving_models" / "models.config.template"

_log = logging.getLogger("serve")


@dataclass(frozen=True)
class Settings:
    """What to serve and where, and what to run once it is served.

    `releases` is an absolute path; a port of 0 means any that is free; `target` is the address of a model
    server that runs already, `command` what to run before stopping again, both empty for none.
    """

    releases: Path
    port: int
    model_server_port: int
    ready_seconds: float
    target: str
    command: tuple[str, ...]


class Stack:
    """Both servers; what has to be undone after them is put onto `cleanup`."""

    def __init__(self, settings: Settings, watch: Watch, cleanup: ExitStack) -> None:
        self._settings = settings
        self._watch = watch
        self._cleanup = cleanup

    def run(self) -> int:
        """Serves until the command has ended, whose status it returns, or without one until asked to stop.

        Raises:
            ServeError: what is needed is not there, or a server ended or did not get ready in time.
            StopRequested: a signal came.
        """
        settings = self._settings
        if lack := releases_lack(settings.releases):
            raise ServeError(lack)
        port, models_port = serving_ports(settings.port, settings.model_server_port)
        models = self._start_models(models_port)
        gateway = self._start_gateway(port, models)
        _log.info("ready: gateway on %s, model server on %s", gateway, models)
        if settings.command:
            return self._run_command(gateway)
        _log.info("ask with `pairrec pair --first 196 --second 186 --address %s`; Ctrl-C stops both", gateway)
        self._watch.until(lambda: "someone who asks to stop")
        return 0

    def _start_models(self, port: int) -> str:
        settings = self._settings
        server = choose_model_server(settings.target, shutil.which(BINARY), docker_image_lacks)
        _log.info("model server: %s", server.description)
        if server.command:
            self._cleanup.callback(run_quietly, server.cleanup)
            self._start("models", server.command(Site(port, self._render_config(), settings.releases)))
        address = settings.target or f"localhost:{port}"
        _log.info("waiting for the model server at %s", address)
        self._watch.until(lambda: model_server_lacks(address), settings.ready_seconds)
        return address

    def _start_gateway(self, port: int, models: str) -> str:
        self._start("gateway", gateway_command(port, models, self._settings.releases))
        address = f"localhost:{port}"
        _log.info("waiting for the gateway at %s", address)
        self._watch.until(lambda: gateway_lacks(address), self._settings.ready_seconds)
        return address

    def _start(self, name: str, command: Sequence[str]) -> None:
        child = Child(name, command)
        self._cleanup.callback(child.stop)
        self._watch.ends.append(child.end)

    def _render_config(self) -> Path:
        folder = self._cleanup.enter_context(tempfile.TemporaryDirectory(prefix="pairrec-serve-"))
        config = Path(folder) / "models.config"
        config.write_text(models_config(self._settings.releases))
        return config

    def _run_command(self, gateway: str) -> int:
        beside = str(Path(sys.executable).parent)  # programs of this environment, `pairrec` among them
        path = os.pathsep.join((beside, os.environ.get("PATH", os.defpath)))
        environment = {**os.environ, "PATH": path, "PAIRREC_ADDRESS": gateway}
        # Within the launcher's session, as it may read the terminal.
        process = subprocess.Popen(self._settings.command, env=environment, text=True)  # noqa: S603
        self._cleanup.callback(stop, process, process.send_signal)
        self._watch.until(lambda: "the end of the command" if process.poll() is None else "")
        return process.returncode if process.returncode >= 0 else 128 - process.returncode


def releases_lack(releases: Path) -> str:
    """Says that a folder holds no release to serve; empty where it does."""
    if read_release_folder(releases).versions:
        return ""
    return f"no release in {releases}: make one with `make train`, or with `make demo`"


def serving_ports(port: int, model_server_port: int) -> list[int]:
    """Returns the ports to use of gateway and model server, 0 asking for any; raises ServeError as `free_ports`."""
    return free_ports(
        {"--port (make: PORT=...)": port, "--model_server_port (make: MODEL_SERVER_PORT=...)": model_server_port}
    )


def models_config(releases: Path) -> str:
    """Returns the text of the `models.config` that serves every version in a folder, an absolute path."""
    base_path = text_encoding.CEscape(os.fsencode(releases), as_utf8=False)
    return Template(_TEMPLATE.read_text()).substitute(base_path=base_path)


def gateway_command(port: int, model_server: str, releases: Path) -> list[str]:
    """Returns what starts a gateway on a port of localhost, before the model server at an address."""
    flags = ["--port", str(port), "--model_server", model_server, "--releases", str(releases)]
    return [sys.executable, "-m", "server.gateway", *flags]


def run_quietly(command: Sequence[str]) -> None:
    """Runs a command whose failure does not matter; nothing where it is empty."""
    if command:
        subprocess.run(command, capture_output=True, check=False)  # noqa: S603  # fixed words
