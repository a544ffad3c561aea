import pytest

from server.gateway import releases, trial
from server.recommender.catalog import Catalog
from tests.tiny_release import random_release, write_catalog


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine, a look waits for its trials, and none of them is repeated unless a test says so."""
    for module, name in ((releases, "_STATES_SECONDS"), (trial, "_PATIENCE_SECONDS"), (trial, "_RETRY_SECONDS")):
        monkeypatch.setattr(module, name, 3600)


@pytest.fixture(scope="session")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    """Movies m0 to m39 of 1990 to 2029, stars 1 to 5, genres Comedy, Drama and War; users 1 to 5 and zoë."""
    folder = tmp_path_factory.mktemp("release") / "1"
    write_catalog(folder, 1, random_release())
    return Catalog.open(folder)
