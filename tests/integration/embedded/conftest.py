"""Stand-ins in this process, with flags of their own, that serve a tiny model."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.embedded.config import Flags
from server.embedded.serving import serving
from tests.conformance.client import Client, connect
from tests.conformance.tiny_models import MODEL, save_tiny


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Client]]:
    """Starts a server over `base_path`, which looks for versions often."""
    with ExitStack() as stack:

        def start_server(**flags: object) -> Client:
            chosen = {"port": 0, "model_name": MODEL, "model_base_path": str(tmp_path / "tiny")}
            chosen |= {"file_system_poll_wait_seconds": 0.02, **flags}
            port = stack.enter_context(serving(Flags(**chosen)))
            return stack.enter_context(connect(f"localhost:{port}"))

        yield start_server


@pytest.fixture
def base_path(tmp_path) -> Path:
    """The folder that `start` serves."""
    (tmp_path / "tiny").mkdir()
    return tmp_path / "tiny"


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Path:
    """One saved model to copy."""
    return save_tiny(tmp_path_factory.mktemp("saved") / "1")


@pytest.fixture
def add_version(base_path, saved) -> Callable[[int], Path]:
    """Adds a version that appears whole; returns where."""

    def add(number: int) -> Path:
        unfinished = shutil.copytree(saved, base_path / f"copy-{number}")
        return unfinished.rename(base_path / str(number))

    return add
