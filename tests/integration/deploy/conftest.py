"""Local deployments on free ports, each with a folder of a name that is hard to quote."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.deploy.folder import holders, supervisorctl
from tests.integration.gateway.processes import eventually, model_server
from tests.tiny_release import random_release, write_release


@pytest.fixture(scope="session")
def releases(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("its releases")
    write_release(root, 1, random_release())
    return root


@pytest.fixture(scope="session")
def target(releases) -> Iterator[str]:
    """A model server that runs already: deployments before it start sooner."""
    with model_server(releases) as server:
        yield f"localhost:{server.port}"


class Deployed:
    """The commands for one folder."""

    def __init__(self, folder: Path, releases: Path) -> None:
        self.folder = folder
        self._releases = releases

    def run(self, action: str, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
        command = self.command(action, *flags)
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "TF_SERVING_TARGET": ""} | environment,
        )

    def command(self, action: str, *flags: str) -> list[str]:
        where = ["--folder", str(self.folder), "--releases", str(self._releases)]
        return [sys.executable, "-m", "server.deploy", action, *where, "--port=0", "--model_server_port=0", *flags]

    def pid(self, *program: str) -> int:
        """Of a program, or of supervisord; 0 while it does not run."""
        said = supervisorctl(self.folder, "pid", *program)[1]
        return int(said) if said.isdecimal() else 0

    def kill(self, *program: str) -> int:
        """Kills a program, or supervisord; returns the pid it had."""
        pids = [0]  # which would be this process and those beside it
        eventually(lambda: pids.append(self.pid(*program)) or pids[-1])
        os.kill(pids[-1], signal.SIGKILL)
        return pids[-1]

    def is_gone(self) -> bool:
        return not holders(self.folder) and not self.folder.exists()


@pytest.fixture
def deployed(releases) -> Iterator[Deployed]:
    with tempfile.TemporaryDirectory() as short:  # as a socket's path must be
        deployment = Deployed(Path(short).resolve() / "it's ; % #1", releases)
        yield deployment
        deployment.run("stop")
