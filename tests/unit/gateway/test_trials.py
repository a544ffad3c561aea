"""Trials of releases against a real gRPC server whose Predict answers as a test says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.errors import ReleaseError, ReleaseUnavailableError
from server.gateway import trial
from server.gateway.model_server import ModelServer
from server.gateway.release_folder import read_release_folder
from server.gateway.releases import Releases
from server.gateway.trial import Trials
from tests.tiny_release import random_release, write_catalog
from tests.unit.gateway.scripted_models import Models, serve_models


@pytest.fixture
def models() -> Models:
    return Models(2)


@pytest.fixture
async def model_server(models: Models) -> AsyncIterator[ModelServer]:
    async with serve_models(models) as model_server:
        yield model_server


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_catalog(tmp_path / "catalog" / "2", 2, random_release())
    return tmp_path


async def test_a_failed_trial_is_not_repeated_at_every_look(model_server: ModelServer, models: Models, root: Path):
    releases = Releases(root, model_server)
    for _ in range(3):
        await releases.refresh()
    assert "its models fail a trial" in releases.skipped[2]
    assert models.num_predicts == 1


async def test_a_failed_trial_is_repeated_after_a_while(
    model_server: ModelServer, models: Models, root: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trial, "_RETRY_SECONDS", 0)
    releases = Releases(root, model_server)
    for _ in range(3):
        await releases.refresh()
    assert models.num_predicts == 3


async def test_a_failed_trial_is_repeated_once_its_models_were_away(
    model_server: ModelServer, models: Models, root: Path
):
    releases = Releases(root, model_server)
    for state in ("AVAILABLE", "LOADING", "AVAILABLE"):
        models.state = state
        await releases.refresh()
    assert models.num_predicts == 2


async def test_a_failed_trial_is_repeated_for_another_release_of_the_same_number(
    model_server: ModelServer, models: Models, root: Path
):
    trials = Trials(root, model_server)
    for identity in ((1, 1), (1, 1), (2, 1)):
        with pytest.raises(ReleaseError, match="fail a trial"):
            await trials.passed(2, identity)
    assert models.num_predicts == 2


async def test_a_trial_that_hangs_keeps_nobody_waiting(
    model_server: ModelServer, models: Models, root: Path, monkeypatch: pytest.MonkeyPatch
):
    """Nothing here lets go of the trial: a look that waited for it would never return."""
    monkeypatch.setattr(trial, "_PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(trial, "_TRIAL_SECONDS", 10_000)
    models.hang = True
    releases = Releases(root, model_server)
    for _ in range(2):
        await releases.refresh()
    assert releases.skipped == {2: "its models are being tried"}
    (root / "PINNED").write_text("1")
    await releases.refresh()
    assert releases.skipped[2] == "release 1 is pinned"


def test_the_identity_of_a_release_changes_with_it(root: Path):
    first = read_release_folder(root)
    again = read_release_folder(root)
    (root / "catalog" / "2").rename(root / "gone")
    write_catalog(root / "catalog" / "2", 2, random_release())
    assert again == first
    assert read_release_folder(root).replaces(2, first.identities[2])
    assert not first.replaces(2, first.identities[2])


async def test_the_pinned_release_is_told_with_its_reason_whatever_its_number(
    model_server: ModelServer, models: Models, root: Path
):
    write_catalog(root / "catalog" / "3", 3, random_release())
    (root / "PINNED").write_text("2")
    releases = Releases(root, model_server)
    await releases.refresh()
    assert releases.skipped[3] == "release 2 is pinned"
    assert "its models fail a trial" in releases.skipped[2]
    with pytest.raises(ReleaseUnavailableError, match="no release is ready; release 2: its models fail a trial"):
        _ = releases.served
