"""`python -m trainer.evaluate` on a folder of one's own, and how it ends when it cannot go on."""

import json
import signal

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
    status, said = evaluate.run("--data", tmp_path, "--protocol", "guests", "p1", "pairs", "--json", figures)
    assert (status, "Traceback" in said) == (1, False), said
    assert "protocol guests needs at least 2 people with 30 ratings or more, this data has 0" in said
    assert list(json.loads(figures.read_text())["protocols"]) == ["p1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--protocol", "p2"), "invalid choice: 'p2'"),
        (("--seeds", "1,-2"), "'-2' is not a whole number"),
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
