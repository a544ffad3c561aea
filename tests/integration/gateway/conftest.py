from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.integration.gateway.processes import Gateway, Server, eventually, gateway, model_server
from tests.tiny_release import TinyRelease, random_release, write_release


@dataclass
class Stack:
    """A release, the model server that has its models, and the gateway that answers from it."""

    root: Path
    release: TinyRelease
    models: Server
    gateway: Gateway


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """For tests that change nothing; looked at no more, its models count as there however busy the machine is."""
    root = tmp_path_factory.mktemp("stack")
    release = random_release()
    write_release(root, 1, release)
    with model_server(root) as models, gateway(root, models.port, "--poll_seconds", "3600") as served:
        eventually(lambda: served.serves(1))
        yield Stack(root, release, models, served)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A releases folder of the test's own, with release 1."""
    write_release(tmp_path, 1, random_release())
    return tmp_path
