"""An export killed with SIGKILL at any file: what is served stays as it was, and the next export works."""

import shutil
import signal
import subprocess
import sys
from functools import partial
from itertools import count
from threading import Event

import pytest
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from server.embedded.config import Flags
from server.embedded.served_model import ServedModel
from server.gateway.release_folder import read_release_folder
from server.recommender.models import MODEL_NAMES
from server.recommender.release_check import open_catalog
from tests.integration.trainer.exporting import HALF_WRITTEN, write
from tests.tiny_release import random_release, write_catalog, write_models
from trainer.release.publish import ARTEFACTS, locked, publish, withdraw


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A release that has no number yet."""
    folder = tmp_path_factory.mktemp("made")
    write_models(folder, 0, random_release())
    write_catalog(folder / "catalog" / "0", 0, random_release())
    for artefact in ARTEFACTS:
        (folder / artefact / "0").rename(folder / "0")
        shutil.rmtree(folder / artefact)
        (folder / "0").rename(folder / artefact)
    return folder


@pytest.fixture
def root(tmp_path, made):
    assert publish(tmp_path / "releases", partial(write, made)) == 1
    return tmp_path / "releases"


def export(root, made, events, countdown):
    """Runs an export, and returns whether it was killed."""
    command = [sys.executable, "-m", "tests.integration.trainer.exporting"]
    ended = subprocess.run([*command, str(root), str(made), events, str(countdown)], check=False).returncode
    assert ended in (0, -signal.SIGKILL)
    return ended != 0


def content(root, version):
    files = (path for artefact in ARTEFACTS for path in (root / artefact / str(version)).rglob("*"))
    return {path.relative_to(root): path.read_bytes() for path in files if path.is_file()}


def entries(root):
    return {str(path.relative_to(root)) for artefact in ARTEFACTS for path in (root / artefact).iterdir()}


def of_versions(*numbers):
    return {f"{artefact}/{number}" for artefact in ARTEFACTS for number in numbers}


def test_a_killed_export_leaves_what_readers_see_and_the_next_works(root, made):
    seen, first = read_release_folder(root).identities, content(root, 1)
    for countdown in count():
        if not export(root, made, f"{HALF_WRITTEN},os.rename", countdown):
            break
        assert read_release_folder(root).identities == seen
        assert content(root, 1) == first
        version = publish(root, partial(write, made))
        assert entries(root) == of_versions(1, version)
        assert len(content(root, version)) == len(first)
        assert open_catalog(root, version).num_movies == 40
        with locked(root):
            withdraw(root, version)
    assert countdown == len(first) + len(ARTEFACTS)


def test_a_model_server_goes_on_beside_what_a_killed_export_left(root, made):
    models = [ServedModel(name, Flags()) for name in MODEL_NAMES]
    for name, model in zip(MODEL_NAMES, models, strict=True):
        model.config = ModelConfig(name=name, base_path=str(root / name), model_version_policy={"all": {}})
        model.poll(Event())
    first = [model.loaded()[1] for model in models]
    for renamed in range(len(ARTEFACTS)):
        assert export(root, made, "os.rename", renamed)
        for model in models:
            model.poll(Event())
            assert not any(status.status.error_message for status in model.statuses())
        version = publish(root, partial(write, made))
        for model, served in zip(models, first, strict=True):
            model.poll(Event())
            assert model.loaded().keys() == {1, version}
            assert model.loaded()[1] is served
        with locked(root):
            withdraw(root, version)
