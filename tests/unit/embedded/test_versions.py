"""Which versions of a folder are served."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.config.file_system_storage_path_source_pb2 import FileSystemStoragePathSourceConfig

from server.embedded.served_model import wanted_versions

Policy = FileSystemStoragePathSourceConfig.ServableVersionPolicy
ALL = Policy(all=Policy.All())
numbers = st.sets(st.integers(-5, 20))


def latest(count: int) -> Policy:
    return Policy(latest=Policy.Latest(num_versions=count))


def wanted(found: set[int], policy: Policy) -> set[int]:
    with tempfile.TemporaryDirectory() as folder:
        for number in found:
            Path(folder, str(number)).mkdir()
        return set(wanted_versions(Path(folder), policy))


def test_folders_named_by_integers_are_versions(tmp_path):
    for name in ("1", "00000123", "tmp-4", "1_000", "5.0", "x", "9" * 30, "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").touch()
    assert wanted_versions(tmp_path, ALL) == {1: tmp_path / "1", 123: tmp_path / "00000123"}


def test_unreadable_base_path_is_not_an_empty_one(tmp_path):
    with pytest.raises(OSError, match="no"):
        wanted_versions(tmp_path / "no", ALL)
    assert wanted_versions(tmp_path, ALL) == {}


def test_default_policy_wants_the_latest():
    assert wanted({1, 3, 2}, Policy()) == {3}
    assert wanted({1, 3, 2}, latest(0)) == {3}


@given(numbers, st.integers(1, 30))
def test_latest_wants_that_many_and_none_newer_is_left_out(found, count):
    chosen = wanted(found, latest(count))
    assert len(chosen) == min(count, len(found))
    assert all(left < kept for left in found - chosen for kept in chosen)


@given(numbers, numbers)
def test_specific_wants_what_it_names_and_is_there(found, named):
    assert wanted(found, Policy(specific=Policy.Specific(versions=named))) == found & named


@given(numbers)
def test_all_wants_everything(found):
    assert wanted(found, ALL) == found
