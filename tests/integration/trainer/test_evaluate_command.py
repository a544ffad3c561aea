"""`python -m trainer.evaluate` on a folder of one's own, and how it ends when it cannot go on."""

import json
import signal

import numpy as np
import pytest


def test_figures_are_shown_written_and_drawn(evaluate, data, tmp_path):
    outputs = ("--json", tmp_path / "figures.json", "--plots", tmp_path / "plots")
    status, said = evaluate.run("--data", data, "--protocol", "p1", "pairs", "--seeds", "1,2", *outputs)
    assert status == 0, said
    measured = json.loads((tmp_path / "figures.json").read_text())
    releases = measured["settings"].pop("releases")
    assert [release["settings"]["fit"]["seed"] for release in releases] == [1, 2]
    assert all(0 <= release["chosen"]["like_star_share"] <= 1 for release in releases)
    assert measured["settings"] == {"data": str(data), "protocols": ["p1", "pairs"], "seeds": [1, 2]}
    assert list(measured["protocols"]["p1"]["parts"]) == ["watch", "like", "stars"]
    details = {"coverage", "lists_by_length", "calibration", "stars_by_length"}
    assert set(measured["protocols"]["p1"]["details"]) >= details
    served = measured["protocols"]["p1"]["parts"]["stars"][0]
    assert f"{served['values']['rmse']['value']:.3f}".removeprefix("0") in said
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {
        "p1_calibration.png",
        "p1_history_lengths.png",
        "pairs_strategies.png",
        "pairs_weights.png",
    }


# Of the protocols beside p1 and pairs, which are measured above.
PARTS = {
    "folds": {"watch", "like", "stars"},
    "time": {"watch", "like", "stars"},
    "item-stratified": {"watch"},
    "guests": {f"guests_{count}_ratings" for count in (0, 1, 3, 5, 10, 20)},
    "strong": {"strong"},
    "baselines": {"baselines"},
    "notebooks": {"multitask, weights 1 and 0", "multitask", "retrieval", "mf", "content"},
    "households": {"choices", "homes_of_two_smaller", "homes_of_two_mean"},
}


@pytest.fixture(scope="module")
def camra(tmp_path_factory):
    """A home of two and a home of one, who have rated the same twenty movies; each chose the last of 101."""
    folder = tmp_path_factory.mktemp("camra")
    rated = (f"{person} {row} {20 * (1 + (person + row) % 5)}\n" for person in (1, 2, 3) for row in range(20))
    (folder / "userRatingTrain.txt").write_text("".join(rated))
    (folder / "groupMember.txt").write_text("7 1,2\n9 3\n")
    others = " ".join(map(str, range(100)))
    (folder / "groupRatingNegative.txt").write_text(f"(7,100) {others}\n(9,100) {others}\n")
    return folder


@pytest.mark.parametrize("protocol", PARTS)
def test_every_other_protocol_is_measured(evaluate, data, camra, tmp_path, protocol):
    folder, figures = camra if protocol == "households" else data, tmp_path / "figures.json"
    status, said = evaluate.run("--data", folder, "--protocol", protocol, "--json", figures)
    assert (status, "Traceback" in said, "WARNING:tensorflow" in said) == (0, False, False), said
    parts = json.loads(figures.read_text())["protocols"][protocol]["parts"]
    assert set(parts) >= PARTS[protocol]
    for systems in parts.values():
        assert len(systems) > 1
        assert all(np.isfinite(value["value"]) for system in systems for value in system["values"].values())


@pytest.mark.parametrize(
    ("flag", "path", "because"),
    [
        ("--json", "none/figures.json", "No such file or directory"),
        ("--json", ".", "Is a directory"),
        ("--plots", "file", "File exists"),
        ("--plots", "file/plots", "Not a directory"),
    ],
)
def test_where_nothing_can_be_written_is_said_before_anything_is_measured(evaluate, tmp_path, flag, path, because):
    (tmp_path / "file").write_text("mine")
    status, said = evaluate.run("--data", tmp_path, flag, tmp_path / path)
    assert status == 2
    assert said.splitlines()[-1].endswith(f"argument {flag}: cannot write {tmp_path / path}: {because}")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_protocol_the_data_do_not_suit_takes_nothing_from_the_others(evaluate, tmp_path):
    """Two people with one rating each: nobody to be a guest, no pair; figures of p1 are written all the same."""
    (tmp_path / "u.item").write_text("".join(f"{row}|M{row} (1990)||||{'0|' * 18}1\n" for row in (1, 2)))
    (tmp_path / "u.data").write_text("1\t1\t5\t100\n2\t2\t4\t100\n")
    figures = tmp_path / "figures.json"
    asked = ("item-stratified", "guests", "p1", "pairs")
    status, said = evaluate.run("--data", tmp_path, "--protocol", *asked, "--json", figures)
    assert (status, "Traceback" in said) == (1, False), said
    assert "leaves no ratings to train on" in said
    assert "protocol guests needs at least 2 people with 30 ratings or more, this data has 0" in said
    assert list(json.loads(figures.read_text())["protocols"]) == ["p1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--protocol", "p2"), "invalid choice: 'p2'"),
        (("--seeds", "1,-2"), "'-2' is not a whole number"),
        (("--seeds", "37,38,37"), "37,38,37 has a seed twice"),
        (("--protocol", "households"), "needs --data DIR"),
        (("--protocol", "p1", "households", "--data", "."), "runs alone"),
        (("--protocol", "all", "households", "--data", "."), "runs alone"),
    ],
)
def test_what_cannot_be_asked_is_refused_at_once(evaluate, options, expected):
    status, said = evaluate.run(*options)
    assert status == 2
    assert expected in said


def test_data_that_are_not_there_are_named(evaluate, tmp_path):
    status, said = evaluate.run("--data", tmp_path / "none")
    assert (status, said.count("\n")) == (1, 1)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_without_a_traceback_or_a_temporary_folder(evaluate, data, tmp_path, number, status):
    with evaluate.start("--data", data, TMPDIR=str(tmp_path)) as process:
        while "retrieval" not in process.stderr.readline():
            pass
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == status
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
