import asyncio
import json
import os
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from server.recommender.catalog import Catalog
from server.recommender.in_process import InProcessModels
from server.recommender.lists import PairList
from server.recommender.queries import ListQuery, Member, Objective, PairQuery, Strategy
from server.recommender.recommend import Recommender
from tests.integration.gateway.processes import eventually, model_server
from tests.integration.jobs.conftest import PAIRS, Job
from tests.tiny_release import STRANGER, random_release, write_release


def expected(root: Path, query: ListQuery, strategy: Strategy) -> list[PairList]:
    recommender = Recommender(InProcessModels(root, 1), Catalog.open(root / "catalog" / "1"))
    queries = [PairQuery(Member(a), Member(b), round(weight * 1e6), strategy, query) for a, b, weight in PAIRS]
    return asyncio.run(recommender.recommend_pairs(queries))


def assert_lists_are(lists: pa.Table, answers: list[PairList]) -> None:
    pairs = [(*pair, answer) for pair, answer in zip(PAIRS, answers, strict=True)]
    rows = [(a, b, w, rank, entry) for a, b, w, ans in pairs for rank, entry in enumerate(ans.entries, 1)]
    for line, (first, second, weight, rank, entry) in zip(lists.to_pylist(), rows, strict=True):
        assert (line["first"], line["second"], line["rank"]) == (first, second, rank)
        assert (line["movie_id"], line["title"]) == (f"m{entry.row}", f"Movie {entry.row}")
        assert (line["first_rank"], line["second_rank"]) == (entry.first.rank, entry.second.rank)
        figures = (weight, entry.pair_score, entry.first.score, entry.second.score)
        stars = (entry.first.rating, entry.second.rating)
        names = ("first_weight", "pair_score", "first_score", "second_score", "first_rating", "second_rating")
        assert [line[name] for name in names] == pytest.approx([*figures, *stars], abs=1e-5)
        assert (line["release_version"], line["source"]) == (1, "MODEL")


def test_job_makes_the_lists_that_are_made_online(root: Path, job: Callable[..., Job]) -> None:
    made = job("--objective", "like", "--strategy", "proportional", "--top", "5", "--workers", "2")
    status, said = made.run()
    assert status == 0, said
    assert_lists_are(made.lists(), expected(root, ListQuery(Objective.LIKE, 5), Strategy.PROPORTIONAL))
    assert {path.name for path in made.output.iterdir()} == {
        *("lists", "rejects.parquet", "manifest.json", "_SUCCESS", "_job.json"),
    }
    manifest = json.loads((made.output / "manifest.json").read_text())
    assert manifest["counts"] | {"pairs": 1000, "parts": 50, "rejects": 0} == manifest["counts"]
    assert manifest["counts"]["pairs_with_someone_unknown"] == sum(STRANGER in pair for pair in PAIRS)
    assert manifest["failures"] == []
    assert manifest["job"]["objective"] == "like"


def test_job_over_a_model_server_makes_the_same_lists(root: Path, job: Callable[..., Job]) -> None:
    with model_server(root) as server:
        over_server = job("--target", f"localhost:{server.port}", "--pairs-per-part", "1000")
        assert over_server.run()[0] == 0
    assert_lists_are(over_server.lists(), expected(root, ListQuery(Objective.WATCH, 20), Strategy.RANK_FUSION))


def test_job_killed_again_and_again_ends_as_one_left_alone(job: Callable[..., Job]) -> None:
    killed, alone = job(output="killed"), job(output="alone")
    for parts in (0, 7, 3, 12, 5):
        killed.kill_after(parts)
        assert not {"_SUCCESS", "manifest.json"} & {path.name for path in killed.output.glob("*")}
    kept = {path.name: path.stat().st_mtime_ns for path in killed.parts()}
    assert killed.run()[0] == alone.run()[0] == 0
    assert {path.name: path.stat().st_mtime_ns for path in killed.parts()}.items() >= kept.items()
    assert killed.lists().equals(alone.lists())
    assert {path.name for path in killed.output.iterdir()} == {path.name for path in alone.output.iterdir()}


def test_job_that_is_done_is_not_done_again_and_its_folder_takes_no_other(job: Callable[..., Job]) -> None:
    done = job("--pairs-per-part", "1000")
    assert done.run()[0] == 0
    before = done.parts()[0].stat()
    assert done.run()[0] == 0
    assert done.parts()[0].stat().st_mtime_ns == before.st_mtime_ns
    status, said = job("--pairs-per-part", "1000", "--objective", "like").run()
    assert status == 2
    assert "objective is watch there, like here" in said
    assert (done.output / "_SUCCESS").exists()


def test_bad_rows_are_put_aside_and_all_others_answered(pairs: Path, job: Callable[..., Job], tmp_path: Path) -> None:
    lines = pairs.read_text().splitlines()
    bad = [f"{i},{i},0.5" for i in range(10)] + ["1,2,1.5"] * 9 + ["1,2"] * 9 + [",2,0.5"] * 9
    for place, line in enumerate(bad):
        lines[1 + place * 27] = line
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("\n".join(lines))
    made = job("--pairs-per-part", "1000", pairs=mixed)
    assert made.run()[0] == 0
    rejects = pq.read_table(made.output / "rejects.parquet").to_pylist()
    assert [reject["line"] for reject in rejects] == [2 + place * 27 for place in range(37)]
    assert {reject["reason"] for reject in rejects} == {
        "first and second are the same",
        "first_weight is no number from 0 to 1",
        "has 2 columns, must have 3",
        "first is missing",
    }
    manifest = json.loads((made.output / "manifest.json").read_text())
    assert (manifest["counts"]["pairs"], manifest["counts"]["rejects"]) == (963, 37)
    status, said = job("--max-rejects", "36", pairs=mixed, output="stopped").run()
    assert status == 2
    assert "37 bad rows" in said


def test_release_stays_the_one_the_job_began_with(job: Callable[..., Job], tmp_path: Path) -> None:
    releases = tmp_path / "releases"
    write_release(releases, 1, random_release())
    begun = job("--releases", str(releases))
    begun.kill_after(2)
    write_release(releases, 2, random_release(seed=2))
    assert begun.run()[0] == 0
    assert set(begun.lists()["release_version"].to_pylist()) == {1}
    newest = job("--releases", str(releases), "--pairs-per-part", "1000", output="newest")
    assert newest.run()[0] == 0
    assert set(newest.lists()["release_version"].to_pylist()) == {2}


@pytest.fixture
def newer_ones_broken(tmp_path: Path) -> Path:
    """A folder with release 1, one that has half a model and one that has half a catalogue."""
    releases = tmp_path / "releases"
    for version in (1, 2, 3):
        write_release(releases, version, random_release())
    for path in (releases / "movie_index" / "2" / "saved_model.pb", releases / "catalog" / "3" / "movies.arrow"):
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return releases


def test_broken_releases_are_passed_over_with_their_reasons(newer_ones_broken: Path, job: Callable[..., Job]) -> None:
    made = job("--releases", str(newer_ones_broken), "--pairs-per-part", "1000")
    status, said = made.run()
    assert status == 0, said
    assert set(made.lists()["release_version"].to_pylist()) == {1}
    assert re.findall(r"precompute: release (\d) is passed over: .*(movies.arrow|movie_index)", said) == [
        ("3", "movies.arrow"),
        ("2", "movie_index"),
    ]


def test_releases_a_model_server_lacks_are_passed_over(newer_ones_broken: Path, job: Callable[..., Job]) -> None:
    with model_server(newer_ones_broken) as server:
        flags = ("--releases", str(newer_ones_broken), "--target", f"localhost:{server.port}")
        made = job(*flags, "--pairs-per-part", "1000")
        status, said = made.run()
    assert status == 0, said
    assert set(made.lists()["release_version"].to_pylist()) == {1}
    assert re.search("release 2 is passed over: .*movie_index is ", said), said


@pytest.mark.parametrize("named", ["pinned", "asked for"])
def test_a_release_that_someone_named_is_taken_or_none(
    newer_ones_broken: Path, job: Callable[..., Job], named: str
) -> None:
    flags = ["--release", "3"] if named == "asked for" else []
    if named == "pinned":
        (newer_ones_broken / "PINNED").write_text("3")
    status, said = job("--releases", str(newer_ones_broken), *flags).run()
    assert (status, "release 3 in" in said, "movies.arrow" in said) == (2, True, True), said


def test_models_that_are_away_fail_the_job_and_a_later_run_goes_on(root: Path, job: Callable[..., Job]) -> None:
    away = job("--target", "localhost:1", "--pairs-per-part", "1000")
    status, said = away.run()
    assert status == 1
    assert "the engine stopped" in said
    assert json.loads((away.output / "manifest.json").read_text())["failures"]
    assert not (away.output / "_SUCCESS").exists()
    assert job("--pairs-per-part", "1000").run()[0] == 0
    assert (away.output / "_SUCCESS").exists()


def test_dead_worker_ends_the_job_and_nothing_lives_on(job: Callable[..., Job]) -> None:
    started = job("--workers", "2")
    with started.holding(1) as process:
        eventually(started.parts)
        children = subprocess.check_output(["ps", "--ppid", str(process.pid), "-o", "pid="], text=True).split()
        os.kill(int(children[0]), signal.SIGKILL)
        assert "the same command goes on from here" in process.communicate(timeout=240)[1]
        assert process.returncode == 1
    eventually(lambda: not any(Path(f"/proc/{child}").exists() for child in children))


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--release", "9"), "release 9 in .* cannot be used"),
        (("--releases", "/nowhere"), "has no release; train one"),
        (("--pairs", "/nowhere.csv"), "/nowhere.csv cannot be read"),
    ],
)
def test_what_cannot_begin_says_why(job: Callable[..., Job], flags: tuple[str, ...], said: str) -> None:
    status, message = job(*flags).run()
    assert status == 2
    assert re.search(said, message), message
