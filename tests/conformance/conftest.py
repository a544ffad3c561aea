"""The server under test: at --target, or the stand-in, started with the flags that README.md asks for."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from tests.conformance.client import Client, connect
from tests.conformance.tiny_models import MODEL, save_tiny

LISTENING = "server.embedded (development stand-in for TensorFlow Serving) listening on "


def pytest_addoption(parser):
    group = parser.getgroup("conformance", "conformance tests: any model server")
    group.addoption("--target", help="host:port of a running model server; without it the stand-in is started")
    group.addoption("--models", help="a folder that the server at --target sees under the same absolute path")


@pytest.fixture(scope="session")
def models_folder(request, tmp_path_factory) -> Iterator[Path]:
    """Where this run writes its models; the server sees it under the same path."""
    models = request.config.getoption("--models", default=None)
    if request.config.getoption("--target", default=None) and not models:
        pytest.exit("--target needs --models: the folder that the server sees too", returncode=4)
    folder = Path(models).absolute() / f"run-{uuid.uuid4().hex}" if models else tmp_path_factory.mktemp("models")
    folder.mkdir(exist_ok=True)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def address(request, models_folder) -> Iterator[str]:
    if target := request.config.getoption("--target", default=None):
        yield target
        return
    config = models_folder / "models.config"
    config.write_text("model_config_list {}")
    with stand_in(f"--model_config_file={config}", "--max_num_load_retries=0") as address:
        yield address


@contextmanager
def stand_in(*flags: str) -> Iterator[str]:
    """Runs the stand-in as a process; yields its address."""
    command = [sys.executable, "-m", "server.embedded", "--port=0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline()
            assert line.startswith(LISTENING), f"{command} did not start"
            yield line.removeprefix(LISTENING).strip()
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def tiny(models_folder) -> ModelConfig:
    """MODEL at versions 1 (adds 0) and 3 (adds 100), both served: what every reload must list."""
    save_tiny(models_folder / MODEL / "1")
    save_tiny(models_folder / MODEL / "00000003", addend=100.0)
    config = ModelConfig(name=MODEL, base_path=str(models_folder / MODEL), model_platform="tensorflow")
    config.model_version_policy.all.SetInParent()
    return config


@pytest.fixture(scope="session")
def client(address, tiny) -> Iterator[Client]:
    """A client of the server, which serves MODEL."""
    with connect(address) as client:
        client.reload(tiny)
        yield client
        client.reload()


@dataclass(frozen=True)
class Own:
    """A model of one test."""

    client: Client
    name: str
    base_path: Path
    saved: Path
    others: ModelConfig

    def config(self, **fields: object) -> ModelConfig:
        return ModelConfig(name=self.name, base_path=str(self.base_path), model_platform="tensorflow", **fields)

    def serve(self, **fields: object) -> None:
        """Has it served beside MODEL; `fields` are ModelConfig's, of the policy and the labels."""
        self.client.reload(self.others, self.config(**fields))

    def add(self, number: int) -> Path:
        """Adds a version that appears whole; returns where."""
        unfinished = shutil.copytree(self.saved, self.base_path / f"copy-{number}")
        return unfinished.rename(self.base_path / str(number))

    def add_broken(self, number: int) -> None:
        unfinished = self.base_path / f"copy-{number}"
        unfinished.mkdir()
        (unfinished / "saved_model.pb").write_bytes(b"half a mod")
        unfinished.rename(self.base_path / str(number))

    def answering_version(self, **spec: object) -> int:
        return self.client.answering_version(self.name, **spec)

    def state(self, number: int) -> str:
        return self.client.states(self.name).get(number, ("", ""))[0]


@pytest.fixture(scope="session")
def saved(tmp_path_factory) -> Path:
    """One saved model to copy."""
    return save_tiny(tmp_path_factory.mktemp("saved") / "1", addend=7.0)


@pytest.fixture
def own(client, models_folder, saved, tiny) -> Iterator[Own]:
    name = f"own-{uuid.uuid4().hex[:8]}"
    (models_folder / name).mkdir()
    yield Own(client, name, models_folder / name, saved, tiny)
    client.reload(tiny)
