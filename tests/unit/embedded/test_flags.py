"""The command line, spelled as tensorflow_model_server's."""

import pytest

from server.embedded.config import Flags, parse_flags

NEEDED = "--model_config_file=/m"


def test_defaults_are_tensorflow_servings():
    flags, ignored = parse_flags([NEEDED])
    assert flags == Flags(model_config_file="/m")
    assert (flags.port, flags.model_name, flags.saved_model_tags) == (8500, "default", "serve")
    assert flags.enable_model_warmup
    assert ignored == []


@pytest.mark.parametrize("spelled", [["--port=0"], ["--port", "0"]])
def test_value_follows_equals_sign_or_space(spelled):
    assert parse_flags([NEEDED, *spelled])[0].port == 0


@pytest.mark.parametrize(
    ("text", "value"), [("=true", True), ("=false", False), ("=1", True), ("=0", False), ("=True", True), ("", True)]
)
def test_booleans(text, value):
    flags, _ = parse_flags([NEEDED, f"--enable_grpc_healthcheck_service{text}"])
    assert flags.enable_grpc_healthcheck_service is value


def test_other_flags_of_the_real_server_are_handed_back():
    others = ["--rest_api_port=8501", "--model_config_file_poll_wait_seconds=5", "--enable_batching"]
    others += ["--batching_parameters_file=/b", "--monitoring_config_file=/m", "--ssl_config_file=/s", "--no_such_flag"]
    assert parse_flags([NEEDED, *others]) == (Flags(model_config_file="/m"), others)


def test_beginning_of_a_flag_is_not_the_flag():
    assert parse_flags([NEEDED, "--por=1"]) == (Flags(model_config_file="/m"), ["--por=1"])


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ("--port=-1", "argument --port: -1 is not in 0.."),
        ("--port=http", "argument --port: invalid int value: 'http'"),
        ("--file_system_poll_wait_seconds=-1", "argument --file_system_poll_wait_seconds: -1.0 is not in 0.."),
        ("--file_system_poll_wait_seconds=nan", "nan is not in 0.."),
        ("--file_system_poll_wait_seconds=inf", "inf is not in 0.."),
        ("--enable_model_warmup=maybe", "argument --enable_model_warmup: invalid boolean value: 'maybe'"),
    ],
)
def test_bad_value_stops_with_one_line_that_names_it(argument, message, capsys):
    with pytest.raises(SystemExit):
        parse_flags([NEEDED, argument])
    _, error = capsys.readouterr().err.splitlines()
    assert message in error


def test_some_model_is_needed(capsys):
    with pytest.raises(SystemExit):
        parse_flags(["--port=1"])
    assert "--model_config_file" in capsys.readouterr().err


def test_help_says_what_it_is(capsys):
    with pytest.raises(SystemExit) as leaving:
        parse_flags(["--help"])
    assert leaving.value.code == 0
    assert "development stand-in for TensorFlow Serving" in capsys.readouterr().out
