"""`python -m server.serve` with real servers: ready, asked, and gone without a trace."""

import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.client import PairrecClient
from tests.integration.serve.launched import Launched, alive

FREE = ("--port=0", "--model_server_port=0")
STAND_IN = f'exec {sys.executable} -m server.embedded "$@"'


@pytest.fixture(scope="module")
def running(releases, tmp_path_factory) -> Iterator[Launched]:
    """One stack for the tests that leave it as it is; its model server serves other launchers too."""
    with Launched(releases, tmp_path_factory.mktemp("running"), *FREE) as launched:
        launched.ready()
        yield launched


@pytest.fixture
def launch(releases, tmp_path) -> Iterator[Callable[..., Launched]]:
    started: list[Launched] = []

    def start(*arguments: str, releases: Path = releases, **environment: str) -> Launched:
        temporary = tmp_path / "temporary"
        temporary.mkdir()
        started.append(Launched(releases, temporary, *arguments, **environment))
        return started[-1]

    yield start
    for launched in started:
        launched.__exit__()


def assert_gone(launched: Launched, children: list[int], *addresses: str) -> None:
    assert not [pid for pid in children if alive(pid)]
    assert list(launched.temporary.iterdir()) == []
    for address in addresses:
        socket.create_server(("", int(address.rpartition(":")[2]))).close()


def test_ctrl_c_leaves_no_process_port_or_file(launch):
    launched = launch(*FREE)
    addresses = launched.ready()
    children = launched.children()
    pair = [recommendation_pb2.Member(user_id=user_id) for user_id in ("1", "2")]
    with PairrecClient(addresses[0]) as client:
        answer = client.recommend_pair(service_pb2.RecommendPairRequest(first=pair[0], second=pair[1]))
    assert answer.recommendations
    assert launched.interrupt() == 0
    assert len(children) == 2
    assert_gone(launched, children, *addresses)
    assert "Traceback" not in launched.stderr


def test_ctrl_c_while_starting_leaves_nothing_either(launch):
    launched = launch(*FREE)
    launched.wait_for("waiting for the model server")
    children = launched.children()
    assert launched.interrupt() == 0
    assert len(children) == 1
    assert_gone(launched, children)


@pytest.mark.parametrize(("victim", "name"), [(0, "models"), (1, "gateway")])
def test_a_server_that_dies_takes_the_other_with_it(launch, victim, name):
    launched = launch(*FREE)
    addresses = launched.ready()
    children = launched.children()
    os.kill(children[victim], signal.SIGKILL)
    assert launched.ended() == 1
    assert f"serve   | {name} ended with SIGKILL; its last lines:" in launched.stderr
    assert_gone(launched, children, *addresses)


@pytest.mark.parametrize("flag", ["--port", "--model_server_port"])
def test_a_taken_port_stops_the_start_with_one_line(launch, flag):
    with socket.create_server(("localhost", 0)) as taken:
        port = taken.getsockname()[1]
        launched = launch(*FREE, flag, str(port))
        assert launched.ended() == 1
    [line] = launched.lines
    assert f"port {port} cannot be used: Address already in use; choose another with {flag} (make: " in line


def test_a_folder_without_a_release_stops_the_start_with_one_line(launch, tmp_path):
    for name in (".7-half-made", "007"):  # the latter is no name of a release
        (tmp_path / "catalog" / name).mkdir(parents=True)
        (tmp_path / "catalog" / name / "release.json").touch()
    launched = launch(*FREE, releases=tmp_path)
    assert launched.ended() == 1
    [line] = launched.lines
    assert f"no release in {tmp_path}" in line
    assert "make train" in line


def test_the_command_has_stdout_the_address_and_the_last_word(launch, running):
    gateway_and_status = 'print(os.environ["PAIRREC_ADDRESS"]); raise SystemExit(7)'
    command = [sys.executable, "-c", f"import os; {gateway_and_status}"]
    launched = launch(*FREE, "--", *command, TF_SERVING_TARGET=running.ready()[1])
    assert launched.process.stdout.read() == launched.ready()[0] + "\n"
    assert launched.ended() == 7


def test_the_client_is_found_without_activating_anything(launch, running):
    command = ["pairrec", "pair", "--first=1", "--second=2", "--json"]
    environment = {"PATH": os.defpath, "TF_SERVING_TARGET": running.ready()[1]}
    launched = launch(*FREE, "--", *command, **environment)
    assert "recommendations" in launched.process.stdout.read()
    assert launched.ended() == 0


def test_sigterm_ends_the_command_too(launch, running):
    command = ["sh", "-c", "echo $$; exec sleep 60"]
    launched = launch(*FREE, "--", *command, TF_SERVING_TARGET=running.ready()[1])
    pid = int(launched.process.stdout.readline())
    launched.process.terminate()
    assert launched.ended() == 128 + signal.SIGTERM
    assert not alive(pid)


def test_a_command_that_does_not_exist_is_one_line(launch, running):
    launched = launch(*FREE, "--", "no-such-command", TF_SERVING_TARGET=running.ready()[1])
    assert launched.ended() == 1
    assert "no-such-command" in launched.lines[-1]


def test_a_model_server_that_is_named_is_neither_started_nor_stopped(launch, running):
    target = running.ready()[1]
    launched = launch("--port=0", TF_SERVING_TARGET=target)
    assert launched.ready()[1] == target
    assert len(launched.children()) == 1
    assert launched.interrupt() == 0
    with PairrecClient(running.ready()[0]) as client:
        assert client.get_release().release.models[0].state == "AVAILABLE"


def test_a_model_server_that_never_answers_is_given_up(launch):
    with socket.create_server(("localhost", 0)) as silent:
        target = f"localhost:{silent.getsockname()[1]}"
        launched = launch("--port=0", "--ready_seconds=0.1", TF_SERVING_TARGET=target)
        assert launched.ended() == 1
    assert f"gave up after 0.1 s (--ready_seconds): no model server answers at {target}" in launched.lines[-1]


@pytest.mark.parametrize(
    ("program", "script"),
    [
        ("tensorflow_model_server", f'echo "$@" >> "$RECORD"; {STAND_IN}'),
        (
            "docker",
            f'echo "$@" >> "$RECORD"; [ "$1" = run ] || exit 0; until [ "$1" = tensorflow/serving:2.20.0 ]; do shift;'
            f" done; shift; {STAND_IN}",
        ),
    ],
)
def test_the_real_server_gets_the_flags_the_stand_in_understands(launch, tmp_path, program, script):
    """The programs recorded here end in the stand-in, which is strict about the files its flags name."""
    executable, record = tmp_path / program, tmp_path / "record"
    executable.write_text(f"#!/bin/sh\n{script}\n")
    executable.chmod(0o755)
    launched = launch(*FREE, PATH=f"{tmp_path}{os.pathsep}{os.defpath}", RECORD=str(record))
    port = launched.ready()[1].rpartition(":")[2]
    children = launched.children()
    assert launched.interrupt() == 0
    assert f"--port={port} --model_config_file={launched.temporary}/pairrec-serve-" in record.read_text()
    assert_gone(launched, children)
    if program == "docker":
        assert record.read_text().splitlines()[-1].startswith("rm --force pairrec-models-")
