"""A release to serve."""

from pathlib import Path

import pytest

from tests.tiny_release import random_release, write_release


@pytest.fixture(scope="session")
def releases(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("releases")
    write_release(root, 1, random_release())
    return root
