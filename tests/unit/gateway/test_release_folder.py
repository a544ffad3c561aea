from pathlib import Path

import pytest

from server.gateway.release_folder import ReleaseFolder, read_release_folder


def add(root: Path, *names: str) -> None:
    for name in names:
        folder = root / "catalog" / name
        folder.mkdir(parents=True)
        (folder / "release.json").touch()


def test_a_folder_that_is_not_there_holds_no_releases(tmp_path: Path) -> None:
    assert read_release_folder(tmp_path / "none") == ReleaseFolder(())


def test_releases_are_listed_highest_first(tmp_path: Path) -> None:
    add(tmp_path, "2", "10", "9", "1" + "0" * 18, ".11", "12.tmp", "0", "007", "x")
    assert read_release_folder(tmp_path).versions == (10, 9, 2)


@pytest.mark.parametrize("left", ["catalog", "query_tower"])
def test_what_an_export_left_behind_is_listed_and_may_not_be_served(tmp_path: Path, left: str) -> None:
    add(tmp_path, "2")
    (tmp_path / left / "3").mkdir(parents=True)
    folder = read_release_folder(tmp_path)
    assert (folder.versions, folder.listed) == ((2,), (3, 2))
    assert folder.objection(3).startswith("catalog/3/release.json is missing")
    assert folder.objection(2) == ""


def test_a_pinned_release_is_the_only_one(tmp_path: Path) -> None:
    add(tmp_path, "2", "3")
    (tmp_path / "PINNED").write_text("2\n")
    folder = read_release_folder(tmp_path)
    assert (folder.versions, folder.pinned) == ((3, 2), 2)
    assert (folder.objection(3), folder.objection(2)) == ("release 2 is pinned", "")


def test_a_pinned_release_that_is_not_there_is_listed_all_the_same(tmp_path: Path) -> None:
    add(tmp_path, "2")
    (tmp_path / "PINNED").write_text("5")
    assert read_release_folder(tmp_path).versions == (5, 2)


@pytest.mark.parametrize("content", [b"", b"v2", b"-1", b"2 3", b"9" * 19, b"\xff", "٣".encode()])
def test_an_unclear_pin_lets_no_release_be_chosen(tmp_path: Path, content: bytes) -> None:
    add(tmp_path, "2")
    (tmp_path / "PINNED").write_bytes(content)
    assert read_release_folder(tmp_path).objection(2).startswith("PINNED ")
