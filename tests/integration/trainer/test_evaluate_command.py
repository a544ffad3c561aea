"""`python -m trainer.evaluate` on a folder of one's own, and how it ends when it cannot go on."""

import json
import signal

import pytest


def test_figures_are_shown_and_written(evaluate, data, tmp_path):
    status, said = evaluate.run("--data", data, "--json", tmp_path / "figures.json")
    assert status == 0, said
    measured = json.loads((tmp_path / "figures.json").read_text())
    assert list(measured) == ["watch", "watch_liked", "like", "stars"]
    assert f"{measured['stars']['rmse']:.4f}" in said


def test_figures_that_cannot_be_written_are_shown_all_the_same(evaluate, data, tmp_path):
    status, said = evaluate.run("--data", data, "--json", tmp_path / "none" / "figures.json")
    assert (status, "Traceback" in said) == (1, False)
    assert "ndcg_at_10" in said
    assert str(tmp_path / "none") in said.splitlines()[-1]


def test_data_that_are_not_there_are_named(evaluate, tmp_path):
    status, said = evaluate.run("--data", tmp_path / "none")
    assert (status, said.count("\n")) == (1, 1)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it_without_a_traceback_or_a_temporary_folder(evaluate, data, tmp_path, number, status):
    with evaluate.start("--data", data, TMPDIR=str(tmp_path)) as process:
        while "closed form" not in process.stderr.readline():
            pass
        process.send_signal(number)
        rest = process.stderr.read()
    assert process.returncode == status
    assert "Traceback" not in rest
    assert list(tmp_path.iterdir()) == []
