"""What is being done is said on stderr, as it is."""

import re

import pytest

from trainer.progress import Steps


def test_a_step_is_reported_when_it_is_done(capsys):
    with Steps().step("sampling", total=3) as report:
        report(3)
    said = capsys.readouterr()
    assert re.fullmatch(r"  sampling \(\d+\.\d s\)\n", said.err)
    assert said.out == ""


def test_a_step_that_fails_is_not_reported_as_done(capsys):
    with pytest.raises(RuntimeError), Steps().step("sampling"):
        raise RuntimeError
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("line", ["in /data/[red]team", "in /data/:cat:", "word " * 60 + "end"])
def test_a_line_is_written_as_it_is(capsys, line):
    Steps().say(line)
    assert capsys.readouterr().err == f"{line}\n"
