"""`python -m trainer --index scann` where it cannot be had: one line at once, and nothing is made."""


def test_scann_is_refused_for_a_small_catalogue_before_anything_is_trained(command, data, tmp_path):
    status, said = command.run("--data", data, "--output", tmp_path, "--index", "scann")
    assert (status, said.count("\n")) == (1, 2)  # the first is that of reading
    assert "--index scann cannot be used: the data has 60 movies, and ScaNN needs 1,000 at least" in said
    assert not list(tmp_path.glob("*/*"))


def test_an_index_that_nobody_knows_is_bad_usage(command, data, tmp_path):
    status, said = command.run("--data", data, "--output", tmp_path, "--index", "annoy")
    assert status == 2
    assert "--index: invalid choice: 'annoy' (choose from 'bruteforce', 'scann')" in said
