"""The flags of `python -m server.serve`."""

import re

import pytest

from server.serve.__main__ import main


@pytest.mark.parametrize(
    "flags",
    [
        ["--port", "70000"],
        ["--model_server_port=-1"],
        ["--port", "abc"],
        ["--ready_seconds", "soon"],
        ["--ready_seconds=nan"],
        ["--ready_seconds=-1"],
    ],
)
def test_bad_usage_is_exit_status_2(flags, capsys):
    with pytest.raises(SystemExit) as caught:
        main(flags)
    assert caught.value.code == 2
    [*_, line] = capsys.readouterr().err.splitlines()
    assert re.search(f"argument {flags[0].partition('=')[0]}: '.*' must be a number from ", line)


def test_help_names_every_model_server_in_its_order(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    text = capsys.readouterr().out
    names = ["TF_SERVING_TARGET", "tensorflow_model_server", "tensorflow/serving", "server.embedded"]
    assert sorted(names, key=text.index) == names
