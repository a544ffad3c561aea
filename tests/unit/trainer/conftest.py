"""Two releases, trained once: one with more movies than candidates, one with fewer."""

import pytest

from tests.tiny_release import write_models
from tests.unit.trainer.exported import train
from tests.unit.trainer.release.folders import RELEASE


@pytest.fixture(scope="session")
def release(tmp_path_factory):
    """300 people and 400 movies."""
    return train(tmp_path_factory.mktemp("release"), num_users=300, num_movies=400)


@pytest.fixture(scope="session")
def small_release(tmp_path_factory):
    """30 people and 40 movies: every list runs out."""
    return train(tmp_path_factory.mktemp("small"), num_users=30, num_movies=40)


@pytest.fixture(params=["release", "small_release"])
def either(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="session")
def working_models(tmp_path_factory):
    """Models that go with the catalogue `add_release` writes, as release 1."""
    folder = tmp_path_factory.mktemp("working")
    write_models(folder, 1, RELEASE)
    return folder
