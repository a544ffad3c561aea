"""A release is published whole or not at all, whoever is killed, full or at work at the same time."""

import fcntl
import shutil
import signal
import subprocess
import sys
from collections import Counter

import pytest

from trainer.release.publish import ARTEFACTS, LOCK, PublishError, prepare, publish, versions

# Publishes under argv[1]; argv[2] names the event at which the process kills itself, argv[3] which of them.
EXPORT = """
import os, signal, sys
from pathlib import Path
from trainer.release.publish import publish

root, fatal, countdown = Path(sys.argv[1]), sys.argv[2], [int(sys.argv[3])]

def die(event, arguments):
    if event == fatal:
        countdown[0] -= 1
        if countdown[0] < 0:
            os.kill(os.getpid(), signal.SIGKILL)

def write(version, folders):
    sys.audit("writing")
    for folder in folders.values():
        (folder / "content").write_text(f"{version} by {os.getpid()}")

sys.addaudithook(die)
print(publish(root, write))
"""


def export(root, fatal="", countdown=0):
    command = [sys.executable, "-c", EXPORT, str(root), fatal, str(countdown)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def write(version, folders):
    for folder in folders.values():
        (folder / "content").write_text(str(version))


def entries(root):
    """Everything servers could look at, and everything they should not."""
    return sorted(str(path.relative_to(root)) for path in root.glob("*/*"))


def of_versions(*numbers):
    return sorted(f"{artefact}/{number}" for artefact in ARTEFACTS for number in numbers)


def test_the_first_version_is_one_and_the_next_are_higher(tmp_path):
    root = tmp_path / "not" / "yet" / "there"
    assert [publish(root, write) for _ in range(3)] == [1, 2, 3]
    assert entries(root) == of_versions(1, 2, 3)
    assert (root / "catalog" / "3" / "content").read_text() == "3"


@pytest.mark.parametrize("name", ["7", "0007"])
def test_the_number_of_a_leftover_is_not_used_again_and_the_leftover_goes(tmp_path, name):
    (tmp_path / "movie_index" / name).mkdir(parents=True)
    assert publish(tmp_path, write) == 8
    assert entries(tmp_path) == of_versions(8)


def test_no_number_is_used_again_when_the_artefacts_were_removed(tmp_path):
    publish(tmp_path, write)
    publish(tmp_path, write)
    for artefact in ARTEFACTS:
        shutil.rmtree(tmp_path / artefact)
    assert publish(tmp_path, write) == 3


@pytest.mark.parametrize("content", ["", "1", "gibberish"])
def test_what_the_lock_holds_never_takes_a_number_back(tmp_path, content):
    publish(tmp_path, write)
    publish(tmp_path, write)
    (tmp_path / LOCK).write_text(content)
    assert publish(tmp_path, write) == 3
    assert (tmp_path / LOCK).read_text() == "3"


def test_waiting_for_another_export_is_said(tmp_path):
    prepare(tmp_path)
    with (tmp_path / LOCK).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with export(tmp_path) as waiting:
            assert waiting.stderr.readline() == f"Another run is writing {tmp_path}; waiting for it.\n"
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert waiting.communicate() == ("1\n", "")


def test_names_that_are_no_versions_are_left_alone(tmp_path):
    for name in ("README.md", "v2", "-3"):
        (tmp_path / "query_tower" / name).mkdir(parents=True)
    assert publish(tmp_path, write) == 1
    assert {"query_tower/README.md", "query_tower/v2", "query_tower/-3"} < set(entries(tmp_path))


@pytest.mark.parametrize("fault", [OSError("No space left on device"), KeyboardInterrupt(), SystemExit(143)])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, fault):
    publish(tmp_path, write)

    def fail(version, folders):
        write(version, folders)
        raise fault

    with pytest.raises(type(fault)):
        publish(tmp_path, fail)
    assert entries(tmp_path) == of_versions(1)
    assert publish(tmp_path, write) == 2


def test_a_write_that_fails_does_not_free_the_number_of_a_leftover(tmp_path):
    """A model server may have loaded what was left as 5; something else must not come to it under that number."""
    (tmp_path / "query_tower" / "5").mkdir(parents=True)

    def fail(version, folders):
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space left"):
        publish(tmp_path, fail)
    assert publish(tmp_path, write) == 6
    assert entries(tmp_path) == of_versions(6)


@pytest.mark.parametrize(
    ("event", "countdown"),
    [("writing", 0), *(("os.rename", renamed) for renamed in range(len(ARTEFACTS)))],
    ids=["writing", *(f"{renamed} renamed" for renamed in range(len(ARTEFACTS)))],
)
def test_a_process_killed_on_the_way_leaves_no_release(tmp_path, event, countdown):
    publish(tmp_path, write)
    with export(tmp_path, event, countdown) as killed:
        assert killed.wait() == -signal.SIGKILL
    assert versions(tmp_path / "catalog") == [1]
    number = 2 if event == "writing" else 3  # once it is about to be seen, the number is taken
    assert publish(tmp_path, write) == number
    assert set(entries(tmp_path)) == set(of_versions(1, number))


def test_processes_at_the_same_time_publish_one_whole_release_each(tmp_path):
    running = [export(tmp_path) for _ in range(3)]
    published = [int(process.communicate()[0]) for process in running]
    assert sorted(published) == [1, 2, 3]
    writers = Counter((tmp_path / name / "content").read_text() for name in of_versions(1, 2, 3))
    expected = {f"{version} by {process.pid}": 4 for version, process in zip(published, running, strict=True)}
    assert writers == expected


@pytest.mark.parametrize("in_the_way", ["file", "file/query_tower", "file/catalog"])
def test_a_root_that_cannot_be_written_is_said_and_nothing_is_published(tmp_path, in_the_way):
    path = tmp_path / in_the_way
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    for call in (lambda: prepare(tmp_path / "file"), lambda: publish(tmp_path / "file", write)):
        with pytest.raises(PublishError, match=f"cannot change the releases in {tmp_path / 'file'}: .*{in_the_way}"):
            call()
    assert path.read_text() == "mine"
    assert not list(tmp_path.glob("file/*/*"))
