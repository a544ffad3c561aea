import subprocess
import sys

import pytest


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "server.gateway", *flags]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_names_every_flag() -> None:
    text = run("--help").stdout
    assert all(f"--{flag}" in text for flag in ("host", "port", "model_server", "releases", "poll_seconds"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--port", "70000"), "--port: '70000' must be a number from 0 to 65535"),
        (("--model_server", "localhost"), "--model_server: 'localhost' must be host:port"),
        (("--poll_seconds", "nan"), "--poll_seconds: 'nan' must be a number from 0.05 to 3600"),
        (("--default_deadline_ms", "soon"), "--default_deadline_ms: 'soon' must be a number"),
        (("--log_level", "LOUD"), "--log_level: invalid choice: 'LOUD'"),
        (("--colour", "red"), "unrecognized arguments: --colour red"),
    ],
)
def test_a_bad_flag_stops_the_start_with_a_clear_line(flags: tuple[str, ...], message: str) -> None:
    result = run(*flags)
    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]
