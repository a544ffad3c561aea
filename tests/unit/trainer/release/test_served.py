"""What a folder of releases says is served where no gateway answers."""

import shutil

import pytest

from tests.unit.trainer.release.folders import GOOD, NOWHERE, add_release
from trainer.release.served import NoGatewayError, ask, what_is_served


@pytest.fixture
def root(tmp_path):
    add_release(tmp_path, 1)
    add_release(tmp_path, 2)
    return tmp_path


def test_nobody_at_the_address_is_said(root):
    with pytest.raises(NoGatewayError, match=f"no gateway answers at {NOWHERE}"):
        ask(root, NOWHERE)


def test_the_newest_whole_release_would_be_served(root):
    served = what_is_served(root, NOWHERE)
    assert (served.version, served.metrics, served.skipped) == (2, GOOD, {})
    assert served.said_by == f"{root}, as no gateway answers at {NOWHERE}"


def test_the_pinned_release_would_be_served(root):
    (root / "PINNED").write_text("1\n")
    served = what_is_served(root, NOWHERE)
    assert (served.version, served.skipped) == (1, {2: "release 1 is pinned"})


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("movie_index", "movie_index/2/saved_model.pb is missing"),
        ("movie_index/2/saved_model.pb", "movie_index/2/saved_model.pb is missing"),
        ("catalog/2", "catalog/2/release.json is missing: its export is under way, or was stopped"),
        ("catalog/2/popularity.arrow", "popularity.arrow cannot be read: "),
    ],
)
def test_a_release_that_is_not_whole_is_passed_over_with_the_reason(root, removed, reason):
    path = root / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "movie_index" / "1").mkdir(parents=True, exist_ok=True)
    (root / "movie_index" / "1" / "saved_model.pb").touch()
    served = what_is_served(root, NOWHERE)
    assert served.version == 1
    assert served.skipped[2].startswith(reason)


@pytest.mark.parametrize("content", ["", '{"format": 1', "[]", '{"format": 1}'])
def test_a_release_json_that_is_none_is_no_hindrance(root, content):
    (root / "catalog" / "2" / "release.json").write_text(content)
    served = what_is_served(root, NOWHERE)
    assert served.version == 1
    assert served.skipped[2].startswith("release.json")


def test_an_unclear_pin_serves_nothing(root):
    (root / "PINNED").write_text("the good one")
    served = what_is_served(root, NOWHERE)
    assert served.version is None
    assert served.skipped[2].startswith("PINNED holds 'the good one'")


def test_a_folder_that_is_not_there_serves_nothing(tmp_path):
    assert what_is_served(tmp_path / "none", NOWHERE).version is None
