"""Which versions are found, wanted and unloaded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.config.file_system_storage_path_source_pb2 import FileSystemStoragePathSourceConfig

from server.embedded.versions import find_versions, versions_to_unload, wanted_versions

Policy = FileSystemStoragePathSourceConfig.ServableVersionPolicy
numbers = st.sets(st.integers(-5, 20))


def latest(count: int) -> Policy:
    return Policy(latest=Policy.Latest(num_versions=count))


def specific(*versions: int) -> Policy:
    return Policy(specific=Policy.Specific(versions=versions))


def test_folders_named_by_integers_are_versions(tmp_path):
    for name in ("1", "00000123", "tmp-4", "1_000", "5.0", "x", "9" * 30, "٣"):
        (tmp_path / name).mkdir()
    (tmp_path / "7").touch()
    assert find_versions(tmp_path) == {1: tmp_path / "1", 123: tmp_path / "00000123"}


def test_unreadable_base_path_is_not_an_empty_one(tmp_path):
    with pytest.raises(OSError, match="no"):
        find_versions(tmp_path / "no")
    assert find_versions(tmp_path) == {}


def test_default_policy_wants_the_latest():
    assert wanted_versions({1, 3, 2}, Policy()) == {3}
    assert wanted_versions({1, 3, 2}, latest(0)) == {3}


@given(numbers, st.integers(1, 30))
def test_latest_wants_that_many_and_none_newer_is_left_out(found, count):
    wanted = wanted_versions(found, latest(count))
    assert len(wanted) == min(count, len(found))
    assert all(left < kept for left in found - wanted for kept in wanted)


@given(numbers, numbers)
def test_specific_wants_what_it_names_and_is_there(found, named):
    assert wanted_versions(found, specific(*named)) == found & named


@given(numbers)
def test_all_wants_everything(found):
    assert wanted_versions(found, Policy(all=Policy.All())) == found


@given(numbers, numbers)
def test_what_is_wanted_is_never_unloaded(available, wanted):
    assert not versions_to_unload(available, wanted) & wanted


@given(numbers, numbers.filter(bool))
def test_unloading_never_takes_the_last_version_while_some_are_wanted(available, wanted):
    left = available - versions_to_unload(available, wanted)
    assert bool(left) == bool(available)


@given(numbers, numbers)
def test_at_most_one_stale_version_stays(available, wanted):
    stale = available - versions_to_unload(available, wanted) - wanted
    assert stale in (set(), {max(available, default=0)})
    assert not (stale and available & wanted)


@given(numbers)
def test_nothing_wanted_unloads_everything(available):
    assert versions_to_unload(available, set()) == available
