"""A generated folder of data, and the command on it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainer.data.synthetic import generate


class Command:
    """A module of the trainer as people and the Makefile run it, with no terminal and a cache of its own."""

    def __init__(self, module: str, cache: Path) -> None:
        self._command = [sys.executable, "-m", module]
        self._environment = {**os.environ, "PAIRREC_CACHE": str(cache)}

    def start(self, *options, **environment):
        command, variables = [*self._command, *map(str, options)], {**self._environment, **environment}
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables)

    def run(self, *options):
        """Returns the exit status and all that was said."""
        with self.start(*options) as process:
            said = process.communicate()[1]
        return process.returncode, said


@pytest.fixture(scope="session")
def command(tmp_path_factory):
    return Command("trainer", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def evaluate(tmp_path_factory):
    return Command("trainer.evaluate", tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "generated"
    generate(folder, num_users=60, num_movies=60)
    return folder
