"""Which releases are removed once a later one is served; a gateway that is not there waits for nothing."""

import shutil
import signal
import subprocess
import sys

import pytest

from tests.unit.trainer.release.folders import NOWHERE, add_release, releases_in
from trainer.progress import Steps
from trainer.release.handover import Handover, beyond_kept, works
from trainer.release.publish import ARTEFACTS, locked, publish, withdraw

# Removes release 1 of argv[1]; kills itself before the rename that argv[2] counts, from 0.
KILLED = """
import os, signal, sys
from pathlib import Path
from trainer.release.publish import locked, withdraw

countdown = int(sys.argv[2])

def die(event, arguments):
    global countdown
    if event == "os.rename":
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        countdown -= 1

sys.addaudithook(die)
with locked(Path(sys.argv[1])):
    withdraw(Path(sys.argv[1]), 1)
"""


@pytest.fixture
def root(tmp_path):
    for version in range(1, 7):
        add_release(tmp_path, version)
    return tmp_path


@pytest.mark.parametrize(
    ("served", "pinned", "removed"),
    [
        (6, None, [3, 2, 1]),
        (6, 2, [3, 1]),
        (3, None, []),
        (1, None, [3, 2]),
        (2, 2, [3]),
        (1, 1, [3, 2]),
    ],
)
def test_the_newest_three_are_kept_and_what_is_served_or_pinned_and_a_way_back(root, served, pinned, removed):
    if pinned:
        (root / "PINNED").write_text(str(pinned))
    assert beyond_kept(root, served, lambda version: True) == removed


@pytest.mark.parametrize(
    ("served", "broken", "removed"),
    [
        (3, {4, 5, 6}, []),
        (5, {6, 4}, [1]),
        (6, {5, 4}, [1]),
        (6, {5, 4, 3, 2}, [3, 2]),
        (6, {5, 4, 3, 2, 1}, [3, 2, 1]),
    ],
)
def test_those_that_do_not_work_push_out_none_that_do(root, served, broken, removed):
    assert beyond_kept(root, served, lambda version: version not in broken) == removed


def test_no_more_are_tried_than_are_needed(root):
    tried = []
    beyond_kept(root, 6, lambda version: tried.append(version) or version != 5)
    assert tried == [6, 5, 4, 3]


def test_none_is_tried_where_none_would_be_removed(root):
    for version in (1, 2, 3):
        shutil.rmtree(root / "catalog" / str(version))
        shutil.rmtree(root / "query_tower" / str(version))
    assert beyond_kept(root, 6, lambda version: pytest.fail("it was tried")) == []


def test_a_release_works_if_its_models_run(root, working_models):
    add_release(root, 7, models=working_models)
    assert works(root, 7)
    assert not works(root, 6)


def test_a_release_that_is_not_whole_does_not_count_among_the_three(root):
    (root / "catalog" / "5" / "movies.arrow").unlink()
    assert beyond_kept(root, 6, lambda version: version in (6, 4, 3)) == [2, 1]


@pytest.mark.parametrize("whole", [0, 2])
def test_while_fewer_than_three_are_whole_nothing_is_removed(root, whole):
    for version in range(1, 7 - whole):
        (root / "catalog" / str(version) / "release.json").unlink()
    assert beyond_kept(root, 6, lambda version: True) == []


def test_while_the_pin_is_unclear_nothing_is_removed(root):
    (root / "PINNED").write_text("the good one")
    assert beyond_kept(root, 6, lambda version: True) == []


def test_without_a_gateway_nothing_is_removed_or_waited_for_and_both_are_said(root, capsys):
    handed_over = Handover(root, NOWHERE, 60, Steps())
    assert handed_over.wait_until_served(6)
    handed_over.prune()
    assert releases_in(root)["catalog"] == [1, 2, 3, 4, 5, 6]
    assert capsys.readouterr().err.splitlines() == [
        f"Nothing to wait for: no gateway answers at {NOWHERE}.",
        f"No older release is removed: no gateway answers at {NOWHERE}.",
    ]


def test_what_is_pinned_goes_on_being_served(root, capsys):
    (root / "PINNED").write_text("2")
    assert Handover(root, NOWHERE, 60, Steps()).follow(6)
    assert releases_in(root)["catalog"] == [1, 2, 3, 4, 5, 6]
    assert capsys.readouterr().err.splitlines() == [
        "Release 2 is pinned and goes on being served, until make rollback VERSION=newest.",
        f"No older release is removed: no gateway answers at {NOWHERE}.",
    ]


@pytest.mark.parametrize("renamed", range(len(ARTEFACTS)))
def test_a_removal_that_was_killed_leaves_no_release_and_the_next_export_clears_the_rest(root, renamed):
    command = [sys.executable, "-c", KILLED, str(root), str(renamed)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert (root / "catalog" / "1").exists() == (renamed == 0)
    publish(root, lambda version, folders: None)
    left = releases_in(root)
    assert (1 in left["query_tower"]) == (1 in left["catalog"])
    assert not list(root.glob("*/.*"))


def test_a_removed_release_is_gone_from_every_folder(root):
    with locked(root):
        withdraw(root, 2)
    assert releases_in(root) == {artefact: [1, 3, 4, 5, 6] for artefact in ARTEFACTS}
