"""Folders appear whole or not at all."""

from pathlib import Path

import pytest

from trainer.data import DownloadError
from trainer.data.placing import exclusive, filling


class Interrupted(BaseException):
    """Stands for KeyboardInterrupt and SystemExit."""


def interrupted_run(folder: Path):
    with exclusive(folder), filling(folder) as lent:
        (lent / "file").write_text("new")
        raise Interrupted


def test_an_interrupted_run_leaves_nothing(tmp_path: Path):
    with pytest.raises(Interrupted):
        interrupted_run(tmp_path / "set")
    assert [path.name for path in tmp_path.iterdir()] == [".set.lock"]


def test_an_interrupted_run_leaves_what_was_there(tmp_path: Path):
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "file").write_text("old")
    with pytest.raises(Interrupted):
        interrupted_run(folder)
    assert (folder / "file").read_text() == "old"


def test_the_folder_is_not_there_before_it_is_whole(tmp_path: Path):
    folder = tmp_path / "set"
    with exclusive(folder), filling(folder) as lent:
        (lent / "file").write_text("whole")
        assert not folder.exists()
    assert (folder / "file").read_text() == "whole"


def test_what_a_killed_run_left_is_cleared(tmp_path: Path):
    leftover, other = tmp_path / ".set.partial-abc", tmp_path / "other.partial-abc"
    for path in (leftover / "set", other):
        path.mkdir(parents=True)
    with exclusive(tmp_path / "set"):
        assert not leftover.exists()
        assert other.exists()


def test_a_cache_that_cannot_be_written_names_the_way_out(tmp_path: Path):
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DownloadError, match="choose another cache with --cache DIR or PAIRREC_CACHE"):
        exclusive(tmp_path / "file" / "set").__enter__()
