"""`python -m trainer.forget` on catalogues: gone from all of them, whatever stops it on the way."""

import fcntl
import shutil
import signal
import subprocess
import sys

import pytest

from server.recommender.catalog import Catalog
from tests.tiny_release import random_release, write_catalog
from tests.unit.trainer.exported import QUICK
from tests.unit.trainer.people import dataset_of, random_lists
from trainer.forget import main
from trainer.forgotten import FORGOTTEN, Forgotten
from trainer.progress import Steps
from trainer.release.publish import LOCK, PublishError, prepare, versions
from trainer.train import Training

RELEASE = random_release()
OTHERS = [user_id for user_id in RELEASE.user_ids if user_id != "3"]

# Forgets argv[2] in argv[1]; kills itself before the rename that argv[3] counts, from 0.
KILLED = """
import os, signal, sys
from pathlib import Path
from trainer.forget import forget

countdown = int(sys.argv[3])

def die(event, arguments):
    global countdown
    if event == "os.rename":
        if countdown == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        countdown -= 1

sys.addaudithook(die)
forget(Path(sys.argv[1]), sys.argv[2])
"""


@pytest.fixture
def root(tmp_path):
    """Two releases of the same people."""
    for version in (1, 2):
        write_catalog(tmp_path / "catalog" / str(version), version, RELEASE)
    return tmp_path


def forget(root, user_id="3"):
    return main(["--user", user_id, "--releases", str(root)])


def people(root, version):
    """Opens the catalogue as the gateway does, which holds its counts against each other."""
    catalog = Catalog.open(root / "catalog" / str(version))
    return [catalog.user_id(position) for position in range(catalog.info.data.num_users)]


def test_nobody_else_loses_anything(root, capsys):
    before = Catalog.open(root / "catalog" / "1")
    assert forget(root) == 0
    assert people(root, 1) == people(root, 2) == OTHERS
    after = Catalog.open(root / "catalog" / "1")
    for user_id in OTHERS:
        assert str(after.history(user_id)) == str(before.history(user_id))
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"3 is on the list {root / FORGOTTEN}")
    removed = f"{len(RELEASE.history('3'))} ratings removed"
    assert said[1:3] == [f"release 1: {removed}", f"release 2: {removed}"]
    assert "make train" in said[-1]


def test_who_has_the_old_files_open_keeps_them(root):
    catalog = Catalog.open(root / "catalog" / "1")
    before = str(catalog.history("3"))
    forget(root)
    assert str(catalog.history("3")) == before


def test_doing_it_again_changes_nothing(root, capsys):
    forget(root)
    files = {path: (path.stat().st_ino, path.read_bytes()) for path in root.glob("catalog/*/*")}
    capsys.readouterr()
    assert forget(root) == 0
    assert {path: (path.stat().st_ino, path.read_bytes()) for path in root.glob("catalog/*/*")} == files
    assert "release 1: not in it\nrelease 2: not in it\n" in capsys.readouterr().out


def test_someone_in_no_release_is_remembered_all_the_same(root, capsys):
    assert forget(root, "not there") == 0
    assert Forgotten.read(root).among(["not there"]).all()
    assert "release 2: not in it" in capsys.readouterr().out


@pytest.mark.parametrize("renamed", range(5), ids=lambda renamed: f"{renamed} renamed")
def test_killed_on_the_way_it_can_be_run_again(root, renamed):
    command = [sys.executable, "-c", KILLED, str(root), "3", str(renamed)]
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == -signal.SIGKILL
    assert forget(root) == 0
    assert people(root, 1) == people(root, 2) == OTHERS
    assert not list(root.rglob("*.partial"))


def test_an_older_catalogue_that_comes_back_loses_everyone_who_was_forgotten(root):
    shutil.copytree(root / "catalog" / "1", root / "backup")
    forget(root, "3")
    shutil.rmtree(root / "catalog" / "1")
    (root / "backup").rename(root / "catalog" / "1")
    forget(root, "4")
    assert people(root, 1) == [user_id for user_id in OTHERS if user_id != "4"]


def test_a_release_of_nobody_is_refused_and_the_others_lose_the_person(root, capsys):
    alone = random_release(user_ids=("3",), histories=((0, 1),), query=RELEASE.query[:2], stars=RELEASE.stars[:2])
    shutil.rmtree(root / "catalog" / "1")
    write_catalog(root / "catalog" / "1", 1, alone)
    assert forget(root) == 1
    assert people(root, 1) == ["3"]
    assert people(root, 2) == OTHERS
    complaint = capsys.readouterr().err
    assert complaint.startswith("release 1 stays as it was")
    assert "knows nobody else" in complaint


@pytest.mark.parametrize("name", ["release.json", "histories.arrow"])
def test_a_broken_catalogue_is_told_and_keeps_nobody_from_being_forgotten(root, capsys, name):
    (root / "catalog" / "1" / name).write_text("{}")
    assert forget(root) == 1
    assert people(root, 2) == OTHERS
    assert "release 1 stays as it was" in capsys.readouterr().err


def test_it_waits_while_a_release_is_published(root):
    prepare(root)
    with (root / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "trainer.forget", "--user", "3", "--releases", str(root)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as waiting:
            assert "waiting for it" in waiting.stderr.readline()
            assert not (root / FORGOTTEN).exists()
            fcntl.flock(lock, fcntl.LOCK_UN)
            waiting.communicate()
    assert people(root, 1) == OTHERS


def test_a_half_written_export_goes(root):
    """It holds histories too."""
    partial = root / "catalog" / ".3.partial"
    partial.mkdir(parents=True)
    forget(root)
    assert not partial.exists()


def test_training_that_began_before_does_not_bring_the_person_back(tmp_path):
    training = Training(dataset_of(*random_lists(30, 40, 10), num_movies=40), QUICK, Steps())
    assert forget(tmp_path, "3") == 0
    with pytest.raises(PublishError, match="forgotten while it was trained; train again"):
        training.run(tmp_path)
    assert versions(tmp_path / "catalog") == []


@pytest.mark.parametrize(
    ("options", "complaint"),
    [(["--user", "3", "--releases", "/none/such"], "there is no folder /none/such"), (["--user", ""], "it is empty")],
)
def test_what_cannot_be_done_is_said(capsys, options, complaint):
    try:
        status = main(options)
    except SystemExit as end:
        status = end.code
    assert status in (1, 2)
    assert complaint in capsys.readouterr().err
