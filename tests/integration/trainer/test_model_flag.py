"""`python -m trainer --model`: what the notebooks varied, and nothing else."""

import pytest


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--model", "mf", "--rating-weight", "2"), "are of --model multitask alone: leave them out"),
        (("--retrieval-weight", "0"), "are of --model multitask alone: leave them out"),
        (("--model", "multitask", "--rating-weight", "-1"), "'-1' must be a number from 0 to 1000000.0"),
        (("--model", "multitask", "--rating-weight", "0", "--retrieval-weight", "0"), "nothing would be learned"),
        (("--model", "als"), "invalid choice: 'als'"),
    ],
)
def test_bad_usage_is_explained(command, tmp_path, options, complaint):
    status, said = command.run("--output", tmp_path, *options)
    assert status == 2
    assert complaint in said


def test_content_is_refused_before_anything_is_trained_where_there_are_no_genres(command, tmp_path):
    (tmp_path / "own.csv").write_text("who,what,points\na,b,3\n")
    options = ("--data", tmp_path / "own.csv", "--columns", "user=who,movie=what,rating=points", "--model", "content")
    status, said = command.run(*options, "--output", tmp_path / "releases")
    assert status == 1
    assert said.splitlines()[-1] == "model content needs genres, own has none; choose another with --model"
    assert "TensorFlow" not in said
