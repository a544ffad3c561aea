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
    assert list(measured["protocols"]["p1"]["details"]) == [
        "coverage",
        "lists_by_length",
        "calibration",
        "stars_by_length",
    ]
    served = measured["protocols"]["p1"]["parts"]["stars"][0]
    assert f"{served['values']['rmse']['value']:.3f}".removeprefix("0") in said
    assert {path.name for path in (tmp_path / "plots").iterdir()} >= {"p1_calibration.png", "pairs_strategies.png"}


def test_figures_that_cannot_be_written_are_shown_all_the_same(evaluate, data, tmp_path):
    status, said = evaluate.run("--data", data, "--json", tmp_path / "none" / "figures.json")
    assert (status, "Traceback" in said) == (1, False)
    assert "ndcg_at_10" in said
    assert str(tmp_path / "none") in said.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--protocol", "p2"), "invalid choice: 'p2'"),
        (("--seeds", "1,-2"), "'1,-2' is not whole numbers"),
        (("--protocol", "households"), "needs --data DIR"),
        (("--protocol", "p1", "households", "--data", "."), "runs alone"),
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
