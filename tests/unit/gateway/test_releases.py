"""A gateway that never saw its models: it answers from the catalogue alone, and only after a while."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from server.errors import ReleaseError, ReleaseGoneError, ReleaseUnavailableError
from server.gateway import releases, trial
from server.gateway.model_server import ModelServer, open_channel
from server.gateway.releases import Releases
from server.recommender.catalog import Catalog
from server.recommender.models import MODEL_NAMES
from tests.tiny_release import random_release, write_catalog
from tests.unit.gateway.scripted_models import Models, serve_models

RELEASE = random_release()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for version in (1, 2):
        write_catalog(tmp_path / "catalog" / str(version), version, RELEASE)
    return tmp_path


@pytest.fixture
async def nobody() -> AsyncIterator[ModelServer]:
    """A model server where none is."""
    async with open_channel("localhost:1") as channel:
        yield ModelServer.behind(channel)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(releases, "_ALONE_SECONDS", 0)


async def refreshed(root: Path, model_server: ModelServer) -> Releases:
    found = Releases(root, model_server)
    await found.refresh()
    return found


async def test_at_first_it_waits_for_the_models(root: Path, nobody: ModelServer):
    found = await refreshed(root, nobody)
    assert not found.ready
    with pytest.raises(ReleaseUnavailableError, match="release 2: query_tower is UNREACHABLE"):
        _ = found.served


@pytest.mark.usefixtures("impatient")
async def test_later_the_newest_whole_catalogue_answers_alone(root: Path, nobody: ModelServer):
    (root / "catalog" / "2" / "movies.arrow").write_bytes(b"ARROW1")
    found = await refreshed(root, nobody)
    assert found.ready
    assert (found.served.version, set(found.served.outage)) == (1, set(MODEL_NAMES))
    assert await found.release(1) is found.served
    with pytest.raises(ReleaseUnavailableError, match="release 2, which the list began with, cannot answer now"):
        await found.release(2)


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every release passes its trial."""

    async def trust(*_: Any) -> None:
        pass

    for tried in ("try_models", "check_widths"):
        monkeypatch.setattr(trial, tried, trust)


@pytest.mark.usefixtures("trusting")
async def test_lists_go_on_with_the_newest_three_that_are_loaded_whoever_served_them(root: Path):
    for version in (3, 4, 5):
        write_catalog(root / "catalog" / str(version), version, RELEASE)
    async with serve_models(Models(1, 2, 3, 4)) as model_server:
        found = await refreshed(root, model_server)
        assert found.served.version == 4
        assert [(await found.release(version)).version for version in (2, 3, 4)] == [2, 3, 4]
        assert await found.release(4) is found.served
        with pytest.raises(ReleaseGoneError, match="release 1, which the list began with, is gone"):
            await found.release(1)
        with pytest.raises(ReleaseUnavailableError, match="its models are not loaded; try again"):
            await found.release(5)
        with pytest.raises(ReleaseGoneError):
            await found.release(6)
        write_catalog(root / "catalog" / "6", 6, RELEASE)
        with pytest.raises(ReleaseUnavailableError):
            await found.release(6)


@pytest.mark.usefixtures("trusting")
async def test_a_release_that_loads_again_is_unavailable_and_not_gone(root: Path):
    models = Models(1, 2)
    async with serve_models(models) as model_server:
        found = await refreshed(root, model_server)
        before = await found.release(1)
        models.loading = (1,)
        await found.refresh()
        with pytest.raises(ReleaseUnavailableError):
            await found.release(1)
        models.loading = ()
        await found.refresh()
        assert (await found.release(1)).version == before.version
        models.versions = (2,)
        await found.refresh()
        with pytest.raises(ReleaseGoneError):
            await found.release(1)


@pytest.mark.usefixtures("trusting")
async def test_a_list_goes_on_by_the_release_that_is_not_served_yet(root: Path):
    """Another gateway has looked sooner."""
    (root / "PINNED").write_text("1")
    async with serve_models(Models(1, 2)) as model_server:
        found = await refreshed(root, model_server)
        assert found.served.version == 1
        assert (await found.release(2)).version == 2


@pytest.mark.usefixtures("impatient")
async def test_alone_too_only_the_pinned_release_answers(root: Path, nobody: ModelServer):
    (root / "PINNED").write_text("1")
    assert (await refreshed(root, nobody)).served.version == 1
    (root / "PINNED").write_text("3")
    assert not (await refreshed(root, nobody)).ready


@pytest.mark.usefixtures("impatient")
async def test_alone_too_a_person_is_forgotten(root: Path, nobody: ModelServer):
    found = await refreshed(root, nobody)
    assert found.served.catalog.knows("3")
    shutil.rmtree(root / "catalog" / "2")
    write_catalog(root / "catalog" / "2", 2, replace(RELEASE, forgotten=("3",)))
    await found.refresh()
    assert not found.served.catalog.knows("3")


@pytest.mark.usefixtures("impatient")
async def test_models_that_load_are_waited_for(root: Path):
    models = Models(2, state="LOADING")
    async with serve_models(models) as model_server:
        assert not (await refreshed(root, model_server)).ready


@pytest.mark.usefixtures("trusting")
async def test_a_rewritten_catalogue_that_fails_is_tried_once_and_the_old_one_answers(
    root: Path, monkeypatch: pytest.MonkeyPatch
):
    tried: list[bool] = []

    async def try_models(models: Any, catalog: Catalog) -> None:
        tried.append(catalog.knows("3"))
        if not tried[-1]:
            raise ReleaseError("broken")

    monkeypatch.setattr(trial, "try_models", try_models)
    async with serve_models(Models(2)) as model_server:
        found = await refreshed(root, model_server)
        shutil.rmtree(root / "catalog" / "2")
        write_catalog(root / "catalog" / "2", 2, replace(RELEASE, forgotten=("3",)))
        for _ in range(3):
            await found.refresh()
        assert tried == [True, False]
        assert found.served.catalog.knows("3")


@pytest.mark.usefixtures("impatient")
async def test_models_that_come_back_are_tried_before_they_are_asked(root: Path):
    models = Models(2)
    async with serve_models(models) as model_server:
        models.state = None
        found = await refreshed(root, model_server)
        models.state = "AVAILABLE"
        await found.refresh()
        assert models.num_predicts == 1
        assert dict(found.served.outage) == dict.fromkeys(MODEL_NAMES, "not tried yet")
