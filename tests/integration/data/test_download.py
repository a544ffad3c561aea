"""Fetching over real HTTP and with the real pip, whatever goes wrong on the way."""

import pickle
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from trainer.data import DownloadError, fetching, load
from trainer.data.download import ensure_movielens_100k

# A process of its own, to be interrupted; it waits for its server for as long as the test does.
FETCH = """
import pickle, sys
from pathlib import Path
from trainer.data import fetching
fetching._SILENCE_SECONDS = 600
from trainer.data.download import ensure_movielens_100k
print(ensure_movielens_100k(Path(sys.argv[1]), pickle.loads(bytes.fromhex(sys.argv[2]))))
"""


def start_fetch(cache, origin):
    command = [sys.executable, "-c", FETCH, str(cache), pickle.dumps(origin).hex()]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_whole(folder, tiny_set):
    found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {path.name: path.read_bytes() for path in tiny_set.iterdir()}
    assert {path.name for path in folder.parent.iterdir()} == {"ml-100k", ".ml-100k.lock"}


def test_official_archive_comes_first_and_shows_its_terms(tmp_path, origin, tiny_set, capfd):
    folder = ensure_movielens_100k(tmp_path / "new" / "cache", origin)
    assert_whole(folder, tiny_set)
    said = capfd.readouterr()
    assert said.out == ""
    for words in ("GroupLens", "no redistribution", "cite", origin.archive_url, "Complete and checked"):
        assert words in said.err
    assert "tinymirror" not in said.err
    assert len(load(folder).movies) == 40


def test_cached_set_is_not_fetched_again(tmp_path, origin, server, capfd):
    ensure_movielens_100k(tmp_path, origin)
    capfd.readouterr()
    ensure_movielens_100k(tmp_path, origin)
    assert server.num_requests == 1
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:-30]), "lines instead of"),
        (lambda path: path.write_bytes(path.read_bytes().replace(b"1", b"2")), "u.data has SHA-256"),
        (lambda path: path.unlink(), "u.data cannot be read (No such file or directory)"),
    ],
)
def test_damaged_cache_is_fetched_again_and_said(tmp_path, origin, tiny_set, capfd, damage, words):
    folder = ensure_movielens_100k(tmp_path, origin)
    damage(folder / "u.data")
    ensure_movielens_100k(tmp_path, origin)
    assert_whole(folder, tiny_set)
    said = capfd.readouterr().err
    assert "is damaged" in said
    assert words in said


def test_refused_archive_gives_way_to_the_mirror(tmp_path, origin, server, tiny_set, capfd):
    server.status = 503
    assert_whole(ensure_movielens_100k(tmp_path, origin), tiny_set)
    assert "That did not work: HTTP Error 503" in capfd.readouterr().err


def test_other_archive_than_the_pinned_one_gives_way_to_the_mirror(tmp_path, origin, server, tiny_set, capfd):
    server.content = b"<html>Please log in</html>"
    assert_whole(ensure_movielens_100k(tmp_path, origin), tiny_set)
    assert "the 26 bytes that came have SHA-256" in capfd.readouterr().err


def test_archive_cut_half_way_gives_way_to_the_mirror(tmp_path, origin, server, tiny_set):
    server.cut = len(server.content) // 2
    assert_whole(ensure_movielens_100k(tmp_path, origin), tiny_set)


def test_silent_server_gives_way_to_the_mirror(tmp_path, origin, server, tiny_set, monkeypatch):
    monkeypatch.setattr(fetching, "_SILENCE_SECONDS", 0.2)
    server.cut, server.stall = 10, True
    assert_whole(ensure_movielens_100k(tmp_path, origin), tiny_set)


def test_nothing_listening_gives_way_to_the_mirror(tmp_path, origin, tiny_set):
    unused = replace(origin, archive_url="http://localhost:1/ml-100k.zip")
    assert_whole(ensure_movielens_100k(tmp_path, unused), tiny_set)


def test_both_failing_names_both_reasons_and_the_way_out(tmp_path, no_mirror, server):
    server.status = 404
    with pytest.raises(DownloadError) as error:
        ensure_movielens_100k(tmp_path, no_mirror)
    for words in ("HTTP Error 404", "DO NOT MATCH THE HASHES", "--data DIR", "--dataset synthetic"):
        assert words in str(error.value)
    assert [path.name for path in tmp_path.iterdir()] == [".ml-100k.lock"]


def test_right_archive_with_wrong_files_is_not_taken(tmp_path, no_mirror, tiny_set):
    """The files are held against their own hashes, however they came."""
    item = replace(no_mirror.files[1], sha256="1" * 64)
    with pytest.raises(DownloadError, match=f"u.item has SHA-256 .* instead of {'1' * 64}"):
        ensure_movielens_100k(tmp_path, replace(no_mirror, files=(no_mirror.files[0], item)))
    assert not (tmp_path / "ml-100k").exists()


def test_interrupted_download_leaves_nothing_half_made(tmp_path, origin, server, tiny_set):
    server.cut, server.stall = 100, True
    with start_fetch(tmp_path, origin) as process:
        server.asked.wait()
        process.send_signal(signal.SIGINT)
    assert process.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == [".ml-100k.lock"]


def test_run_after_a_killed_one_clears_up_and_ends_well(tmp_path, origin, server, tiny_set):
    server.cut, server.stall = 100, True
    with start_fetch(tmp_path, origin) as process:
        server.asked.wait()
        process.kill()
    assert list(tmp_path.glob(".ml-100k.partial-*"))
    server.cut, server.stall = None, False
    assert_whole(ensure_movielens_100k(tmp_path, origin), tiny_set)


def test_two_runs_at_once_fetch_once_and_both_end_well(tmp_path: Path, origin, server, tiny_set):
    server.cut, server.stall = 100, True
    with start_fetch(tmp_path, origin) as first:
        server.asked.wait()
        with start_fetch(tmp_path, origin) as second:
            assert "waiting for it" in second.stderr.readline()
            server.resume.set()
            assert second.stdout.read() == first.stdout.read() == f"{tmp_path / 'ml-100k'}\n"
    assert (first.returncode, second.returncode, server.num_requests) == (0, 0, 1)
    assert_whole(tmp_path / "ml-100k", tiny_set)
