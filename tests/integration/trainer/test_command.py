"""`python -m trainer`: a release and a table, or one clear line and nothing half-made."""

import fcntl
import json
import resource
import signal
from itertools import islice

import numpy as np
import pytest

from server.recommender.catalog import Catalog
from server.saved_model import SavedModel
from trainer.forgotten import FORGOTTEN, Forgotten

METRICS = {"ndcg_at_10": "NDCG@10", "recall_at_20": "Recall@20", "top_100": "top-100", "rmse": "RMSE"}
SYSTEMS = ["popularity", "ease", "closed_form", "fine_tuned", "with_item_part", "bias", "ranking_head"]


def released(root):
    """Everything under the folders that servers look at."""
    return sorted(str(path.relative_to(root)) for path in root.glob("*/*"))


def of_version(number):
    return [f"{artefact}/{number}" for artefact in ("catalog", "movie_index", "query_tower", "ranking_head")]


def metrics_of(root):
    document = json.loads((root / "catalog" / "1" / "release.json").read_text())
    return {system["system"]: system["values"] for system in document["metrics"]}


def table_lines(said):
    """System to the figures printed on its line, served marks taken off."""
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in said.splitlines() if line.startswith("│")]
    return {name.removesuffix(" *"): figures for name, *figures in lines}


@pytest.fixture(scope="module")
def finished(command, data, tmp_path_factory):
    """The folder of a first release, named as a display would name an emoji, and what was said."""
    root = tmp_path_factory.mktemp("releases") / "in" / ":bell:"
    status, said = command.run("--data", data, "--output", root)
    assert status == 0, said
    return root, said


def test_a_release_is_exported_whole(finished):
    root, said = finished
    assert released(root) == of_version(1)
    trained_on = Catalog.open(root / "catalog" / "1").info.data
    assert (trained_on.name, trained_on.license) == ("generated", "Terms not stated; supplied with --data.")
    assert f"Release 1 is in {root} (" in said


def test_the_table_holds_the_figures_of_release_json(finished):
    root, said = finished
    reported = metrics_of(root)
    assert list(reported) == SYSTEMS
    printed = {
        name: [f"{values[metric]:.3f}" if metric in values else "" for metric in METRICS]
        for name, values in reported.items()
    }
    assert table_lines(said) == printed
    assert all(heading in said for heading in METRICS.values())


def test_every_step_is_named_and_nothing_else_is_said(finished):
    """No warning of a library comes between."""
    _, said = finished
    steps = [
        line.split(" (")[0].strip() for line in said.splitlines() if line.startswith("  ") and line.endswith(" s)")
    ]
    choosing = ["retrieval: searching settings", "retrieval: fine-tuning", "retrieval: item-to-item part"]
    sampling = "ranking head: sampling"
    assert steps == [
        "reading ratings",
        "loading TensorFlow",
        *choosing,
        sampling,
        "measuring",
        "retrieval",
        sampling,
        "exporting the release",
    ]
    assert "WARNING" not in said


def test_who_was_forgotten_is_nowhere_in_what_is_trained(command, data, tmp_path):
    Forgotten().adding("7").write(tmp_path)
    status, said = command.run("--data", data, "--output", tmp_path)
    assert status == 0, said
    assert f"Left out, as they were forgotten: 1 of 60 people ({tmp_path / FORGOTTEN})" in said
    catalog = Catalog.open(tmp_path / "catalog" / "1")
    assert "7" not in [catalog.user_id(position) for position in range(catalog.info.data.num_users)]
    tower = SavedModel.load(tmp_path / "query_tower" / "1")
    asked = {
        "user_id": np.array([b"7", b"8"], object),
        "history_row": np.full((2, 1), -1, np.int32),
        "history_rating": np.full((2, 1), np.nan, np.float32),
        "genre_rating": np.full((2, len(catalog.info.genres)), np.nan, np.float32),
    }
    assert tower.predict("serving_default", asked)["known"].tolist() == [False, True]


def test_an_interrupted_run_leaves_nothing_and_the_next_gives_the_same_figures(finished, command, data, tmp_path):
    options = ("--data", data, "--output", tmp_path / "releases")
    (tmp_path / "releases").mkdir()
    with (tmp_path / "releases" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # it cannot be done before the signal comes
        with command.start(*options) as process:
            said = iter(process.stderr.readline, "")
            assert any("searching settings" in line for line in said)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
    assert process.returncode == 130
    assert "Traceback" not in rest
    assert released(tmp_path / "releases") == []
    status, _ = command.run(*options)
    assert status == 0
    for system, values in metrics_of(finished[0]).items():
        assert metrics_of(tmp_path / "releases")[system] == pytest.approx(values, abs=0.002)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_stopped_while_it_waits_to_publish_leaves_nothing(command, data, tmp_path, number, status):
    with (tmp_path / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with command.start("--data", data, "--output", tmp_path) as process:
            sampled = (line for line in iter(process.stderr.readline, "") if "sampling" in line)
            assert len(list(islice(sampled, 2))) == 2
            process.send_signal(number)
            rest = process.stderr.read()
    assert process.returncode == status
    assert "Traceback" not in rest
    assert released(tmp_path) == []


def test_a_malformed_row_is_named_and_nothing_is_written(command, tmp_path):
    (tmp_path / "u.item").write_text(f"1|A (1990)||||{'0|' * 18}1\n")
    (tmp_path / "u.data").write_text("1\t1\t5\t100\n1\t1\t6\t100\n")
    status, said = command.run("--data", tmp_path, "--output", tmp_path / "releases")
    assert status == 1
    assert said.startswith(
        f"{tmp_path / 'u.data'}, line 2: rating is '6', allowed is whole or half stars from 0.5 to 5"
    )
    assert said.count("\n") == 1
    assert not (tmp_path / "releases").exists()


def test_ratings_of_ones_own_are_read_by_what_their_columns_are_called(command, tmp_path):
    """Zeros are ratings on a scale that has them, and what is not on the scale that was given is refused."""
    (tmp_path / "own.csv").write_text(
        "who,what,points\n" + "".join(f"p{i % 7},m{i % 5},{i % 3 * 40}\n" for i in range(20))
    )
    (tmp_path / "films.csv").write_text("what,name\n" + "".join(f"m{i},Film {i} (1990)\n" for i in range(6)))
    options = ("--data", tmp_path / "own.csv", "--columns", "user=who,movie=what,rating=points,title=name")
    options += ("--movies", tmp_path / "films.csv", "--output", tmp_path / "releases")
    status, said = command.run(*options, "--scale", "0,10")
    assert status == 1
    assert said.startswith(f"{tmp_path / 'own.csv'}, line 3: points is '40', allowed is a number from 0 to 10")
    status, said = command.run(*options)
    assert status == 0, said
    assert "Scale: 0 to 100, by the ratings; if not so, give --scale" in said
    catalog = Catalog.open(tmp_path / "releases" / "catalog" / "1")
    assert (catalog.info.rating_min, catalog.info.rating_max, catalog.num_movies) == (0, 100, 6)


def test_data_that_are_not_there_are_named(command, tmp_path):
    status, said = command.run("--data", tmp_path / "none", "--output", tmp_path / "releases")
    assert (status, said.count("\n")) == (1, 1)
    assert said.startswith(str(tmp_path / "none"))


def test_the_environment_names_the_cache_and_the_flag_wins(command, tmp_path):
    """A cache that cannot be written is named in one line."""
    for name in ("by environment", "by flag"):
        (tmp_path / name).touch()
    options = ("--dataset", "synthetic", "--output", tmp_path)
    for flag, named in (((), "by environment"), (("--cache", tmp_path / "by flag"), "by flag")):
        with command.start(*options, *flag, PAIRREC_CACHE=str(tmp_path / "by environment")) as process:
            said = process.communicate()[1]
        assert (process.returncode, said.count("\n")) == (1, 1)
        assert said.startswith(f"{tmp_path / named / 'synthetic'} cannot be written")


@pytest.mark.parametrize("in_the_way", ["releases", "releases/catalog"])
def test_an_output_that_cannot_be_written_is_said_at_once(command, data, tmp_path, in_the_way):
    (tmp_path / in_the_way).parent.mkdir(exist_ok=True)
    (tmp_path / in_the_way).write_text("mine")
    status, said = command.run("--data", data, "--output", tmp_path / "releases")
    assert status == 1
    assert said.splitlines()[1:] == [said.splitlines()[-1]]  # after the step of reading
    assert said.splitlines()[-1].startswith(f"cannot change the releases in {tmp_path / 'releases'}: ")
    assert (tmp_path / in_the_way).read_text() == "mine"


def test_a_full_disk_ends_with_one_line_and_leaves_what_was_there(finished, command, data):
    """No file may become larger than 64 KiB, which TensorFlow learns while it writes the first model."""
    root, _ = finished
    with command.start("--data", data, "--output", root) as process:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
        said = process.stderr.read()
    assert process.returncode == 1
    assert said.splitlines()[-1].startswith(f"cannot change the releases in {root}: ")
    assert "Traceback" not in said
    assert released(root) == of_version(1)


def test_help_names_every_option(command, capfd):
    assert command.run("--help") == (0, "")
    said = capfd.readouterr().out
    assert all(
        option in said
        for option in (
            "--data PATH",
            "--columns",
            "--movies FILE",
            "--scale",
            "--output DIR",
            "--dataset",
            "--seed",
            "--cache DIR",
        )
    )


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ((), "the following arguments are required: --output"),
        (("--output", "x", "--seed", "-1"), "'-1' is not a whole number from 0 to 2^32 - 1"),
        (("--output", "x", "--seed", str(1 << 32)), "is not a whole number from 0 to 2^32 - 1"),
        (("--output", "x", "--dataset", "ml-1m"), "invalid choice: 'ml-1m'"),
        (("--output", "x", "--scale", "0,100"), "--columns, --movies and --scale say what --data PATH is: give it"),
        (("--output", "x", "--data", "y", "--scale", "5,1"), "'5,1' is not two numbers, the lower first"),
        (("--output", "x", "--data", "y", "--columns", "user=a,movie=b"), "is not KEY=NAME once for each of user, "),
        (
            ("--output", "x", "--data", "y", "--columns", "user=a,movie=b,rating=a"),
            "has 'a' twice among user, movie, rating, time: one column each",
        ),
        (("--output", "x", "--data", "y", "--movies", "z"), "--movies needs the name of its titles"),
        (
            ("--output", "x", "--data", "y", "--columns", "user=a,movie=b,rating=c,year=d"),
            "--columns names year, which are columns of --movies FILE: give it",
        ),
        (("--output", "x", "--dataset", "synthetic", "--data", "y"), "leave out --dataset, or --data"),
    ],
)
def test_bad_usage_is_explained(command, options, complaint):
    status, said = command.run(*options)
    assert status == 2
    assert complaint in said
