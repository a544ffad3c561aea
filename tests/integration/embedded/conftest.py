"""Servers on localhost that serve tiny models, and a client for them."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from server.embedded.flags import Flags
from tests.integration.embedded.tiny_models import save_tiny
from tests.integration.embedded.tiny_server import Client, connect, running_server


@pytest.fixture(scope="session")
def address(tmp_path_factory) -> Iterator[str]:
    """A model server with "tiny" at versions 1 (adds 0) and 3 (adds 100), all versions served."""
    root = tmp_path_factory.mktemp("models")
    save_tiny(root / "tiny" / "1")
    save_tiny(root / "tiny" / "00000003", addend=100.0)
    config = root / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "tiny" base_path: "{root}/tiny" '
        'model_platform: "tensorflow" model_version_policy { all {} } } }'
    )
    with running_server(Flags(port=0, model_config_file=str(config))) as address:
        yield address


@pytest.fixture(scope="session")
def client(address) -> Iterator[Client]:
    with connect(address) as client:
        yield client


@pytest.fixture
def start(tmp_path) -> Iterator[Callable[..., Client]]:
    """Starts a server of its own over `tmp_path/tiny`, which looks for versions often."""
    with ExitStack() as stack:

        def start_server(**flags: object) -> Client:
            chosen = {"port": 0, "model_name": "tiny", "model_base_path": str(tmp_path / "tiny")}
            chosen |= {"file_system_poll_wait_seconds": 0.02, **flags}
            return stack.enter_context(connect(stack.enter_context(running_server(Flags(**chosen)))))

        yield start_server


@pytest.fixture
def base_path(tmp_path) -> Path:
    """The folder that `start` serves."""
    (tmp_path / "tiny").mkdir()
    return tmp_path / "tiny"
