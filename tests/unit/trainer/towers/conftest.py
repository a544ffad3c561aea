"""A release of each of the notebooks' models, trained once on a small generated set."""

from dataclasses import replace

import pytest

from tests.unit.trainer.exported import Exported
from trainer.data import load
from trainer.data.synthetic import generate
from trainer.progress import Steps
from trainer.towers import NAMES
from trainer.towers.models import NAMED
from trainer.towers.training import settings_of, training


@pytest.fixture(scope="session")
def generated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("generated")
    generate(folder, num_users=60, num_movies=60)
    return load(folder, "synthetic")


@pytest.fixture(scope="session", params=NAMES)
def named(request, generated, tmp_path_factory):
    root, model = tmp_path_factory.mktemp(request.param), NAMED[request.param]
    # The notebooks' few large batches hold all of so small a set and more.
    towers = model.towers and replace(model.towers, batch_size=256, epochs=20)
    settings = replace(settings_of("default", (1.0, 1.0), 37), model=replace(model, towers=towers))
    return Exported(root, generated, training(generated, settings, Steps()).run(root))
