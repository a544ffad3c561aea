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
