"""`python -m trainer.rollback` where no gateway answers: what it pins, and what it refuses."""

import os
import resource
import subprocess
import sys

import pytest

from tests.unit.trainer.release.folders import NOWHERE, add_release
from trainer.rollback import PIN, main


@pytest.fixture
def root(tmp_path):
    for version in (1, 2, 3, 4):
        add_release(tmp_path, version)
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
    assert "no whole release older than 1" in said


def test_it_passes_over_what_is_not_whole(rollback, root):
    (root / "catalog" / "3" / "release.json").write_text("{")
    (root / "ranking_head" / "2" / "saved_model.pb").unlink()
    assert rollback()[:2] == (0, "1\n")


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
    ],
)
def test_what_is_not_whole_is_not_pinned(rollback, root, broken, reason):
    rollback("--to", "3")
    (root / broken).unlink()
    status, pinned, said = rollback("--to", "2")
    assert (status, pinned) == (1, "3\n")
    assert f"release 2 cannot be pinned: {reason}" in said
    assert rollback("--to", "9")[:2] == (1, "3\n")


@pytest.mark.parametrize("version", ["0", "-1", "two", "1" * 19, ""])
def test_what_is_no_version_is_refused(rollback, version):
    assert rollback("--to", version)[:2] == (2, None)


def test_a_folder_that_is_not_there_is_named_and_not_made(tmp_path, capsys):
    assert main(["--releases", str(tmp_path / "none")]) == 1
    assert f"there is no folder {tmp_path / 'none'}" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_a_full_disk_is_said_and_the_pin_stays(rollback, root):
    rollback("--to", "3")

    def full():
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    flags = ["--to", "2", "--releases", str(root), "--address", NOWHERE]
    command = [sys.executable, "-B", "-m", "trainer.rollback", *flags]
    done = subprocess.run(command, check=False, capture_output=True, text=True, preexec_fn=full, env=os.environ)
    assert (done.returncode, (root / PIN).read_text()) == (1, "3\n")
    assert done.stderr.startswith(f"cannot change the releases in {root}: [Errno 27] File too large")
    assert not list(root.glob(".PINNED*"))
