"""`python -m trainer.rollback` where no gateway answers: what it pins, and what it refuses."""

import fcntl
import shutil

import pytest

from tests.unit.trainer.release.folders import NOWHERE, add_release
from trainer.release import check
from trainer.release.check import check_published
from trainer.rollback import PIN, main


@pytest.fixture
def root(tmp_path, working_models):
    for version in (1, 2, 3, 4):
        add_release(tmp_path, version, models=working_models)
    return tmp_path


@pytest.fixture
def rollback(root, capsys):
    """Runs the command; returns its status, what is pinned then, and what was said."""

    def run(*flags):
        try:
            status = main(["--releases", str(root), "--address", NOWHERE, *flags])
        except SystemExit as end:
            status = end.code
        pin = root / PIN
        return status, pin.read_text() if pin.exists() else None, capsys.readouterr().err

    return run


def test_it_pins_the_next_older_release_each_time(rollback):
    assert [rollback()[:2] for _ in range(3)] == [(0, "3\n"), (0, "2\n"), (0, "1\n")]
    status, pinned, said = rollback()
    assert (status, pinned) == (1, "1\n")
    assert "no older release than 1, which is served, that works" in said


def test_it_passes_over_what_is_not_whole_or_does_not_work(rollback, root):
    (root / "catalog" / "3" / "release.json").write_text("{")
    (root / "ranking_head" / "2" / "saved_model.pb").write_bytes(b"no model")
    status, pinned, said = rollback()
    assert (status, pinned) == (0, "1\n")
    assert "Release 2 is passed over: ranking_head does not load: " in said


def test_where_nothing_older_works_nothing_is_pinned(rollback, root):
    for version in (1, 2, 3):
        (root / "query_tower" / str(version) / "saved_model.pb").write_bytes(b"no model")
    assert rollback()[:2] == (1, None)


def test_it_does_not_wait_for_an_export(rollback, root):
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert rollback()[:2] == (0, "3\n")
        assert rollback("--to", "newest")[:2] == (0, None)


def test_what_is_removed_while_it_is_tried_is_not_pinned(rollback, root, monkeypatch):
    def removed_after(root, version):
        check_published(root, version)
        shutil.rmtree(root / "catalog" / str(version))

    monkeypatch.setattr(check, "check_published", removed_after)
    status, pinned, said = rollback("--to", "2")
    assert (status, pinned) == (1, None)
    assert "release 2 cannot be pinned: release.json cannot be read" in said


def test_it_pins_the_release_that_is_named_and_says_how_to_end_that(rollback):
    status, pinned, said = rollback("--to", "2")
    assert (status, pinned) == (0, "2\n")
    assert "Release 2 is pinned, until make rollback VERSION=newest" in said
    assert "no gateway answers" in said


def test_newest_pins_none(rollback, root):
    rollback("--to", "2")
    status, pinned, said = rollback("--to", "newest")
    assert (status, pinned) == (0, None)
    assert "No release is pinned any more." in said
    assert "No release was pinned." in rollback("--to", "newest")[2]


def test_newest_waits_for_none_that_does_not_work(rollback, root):
    (root / "ranking_head" / "4" / "saved_model.pb").write_bytes(b"no model")
    assert "The newest release that works is 3." in rollback("--to", "newest")[2]


def test_newest_mends_an_unclear_pin(rollback, root):
    (root / PIN).write_text("the good one")
    status, _, said = rollback()
    assert status == 1
    assert "no release is served" in said
    assert rollback("--to", "newest")[:2] == (0, None)


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("query_tower/2/saved_model.pb", "query_tower/2/saved_model.pb is missing"),
        ("catalog/2/release.json", "release.json cannot be read"),
        ("catalog/2/movies.arrow", "movies.arrow cannot be read"),
        ("movie_index/2/saved_model.pb", "movie_index does not load: "),
    ],
)
def test_what_does_not_work_is_not_pinned(rollback, root, broken, reason):
    rollback("--to", "3")
    (root / broken).write_bytes(b"no model") if "movie_index" in broken else (root / broken).unlink()
    status, pinned, said = rollback("--to", "2")
    assert (status, pinned) == (1, "3\n")
    assert f"release 2 cannot be pinned: {reason}" in said
    assert rollback("--to", "9")[:2] == (1, "3\n")


@pytest.mark.parametrize("version", ["0", "-1", "two", "1" * 19, ""])
def test_what_is_no_version_is_refused(rollback, version):
    assert rollback("--to", version)[:2] == (2, None)


@pytest.mark.parametrize("version", ["newest", "1"])
def test_a_folder_that_holds_no_catalogues_is_named_and_stays_as_it_is(tmp_path, capsys, version):
    (tmp_path / "PINNED").write_text("1")
    assert main(["--releases", str(tmp_path), "--to", version]) == 1
    assert f"there is no folder {tmp_path / 'catalog'}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [tmp_path / "PINNED"]
