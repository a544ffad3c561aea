import re

import pytest

from server.jobs.precompute import main


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--output", "out", "more.csv"], "unrecognized arguments: more.csv"),
        (["--output", "out", "more.csv", "--", "--beam=1"], "unrecognized arguments: more.csv"),
        (["--output", "out[1]"], r"out\[1\] must have no"),
        (["--output", "gs://b/*"], "must have no"),
        *(
            (["--output", "out", "--target", text], "must be host:port")
            for text in ("host", ":1", "h:0", "h:65536", "h:x")
        ),
    ],
)
def test_flags_that_cannot_be_meant_are_refused(
    capsys: pytest.CaptureFixture[str], flags: list[str], said: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["--pairs", "pairs.csv", *flags])
    assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize("place", ["nope://x/y", "gs://bucket/x"])
def test_file_system_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str], place: str) -> None:
    assert main(["--pairs", "pairs.csv", "--output", place, "--", "--streaming"]) == 2
    assert f"precompute: {place} cannot be used" in capsys.readouterr().err
