"""`make deploy`, `make status` and `make stop` with real processes: up, killed, up again, and gone."""

import os
import re
import signal
import socket
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.client import PairrecClient
from server.deploy.folder import LOCK, holders, supervisord
from tests.integration.gateway.processes import eventually

READY = re.compile(r"ready: gateway on (\S+), model server on (\S+)")


def is_from_models(address: str) -> bool:
    pair = [recommendation_pb2.Member(user_id=user_id) for user_id in ("1", "2")]
    with PairrecClient(address) as client:
        try:
            answer = client.recommend_pair(service_pb2.RecommendPairRequest(first=pair[0], second=pair[1]))
        except grpc.RpcError:
            return False
    return answer.source == recommendation_pb2.SOURCE_MODEL


def tells_all(said: str, gateway: str) -> bool:
    return all(line in said for line in ("models ", "release 1 of tiny is served", f"gateway at {gateway}: ready"))


def assert_free(*addresses: str) -> None:
    for address in addresses:
        socket.create_server(("", int(address.rpartition(":")[2]))).close()


@pytest.fixture
def docker(tmp_path) -> tuple[dict[str, str], Path]:
    """An environment with a Docker whose image is the stand-in, and what it was told."""
    program, record = tmp_path / "docker", tmp_path / "record"
    to_image = 'until [ "$1" = tensorflow/serving:2.20.0 ]; do shift; done; shift'
    program.write_text(
        f'#!/bin/sh\necho "$1" >> {record}\n[ "$1" = run ] || exit 0\n'
        f'{to_image}\nexec {sys.executable} -m server.embedded "$@"\n'
    )
    program.chmod(0o755)
    return {"PATH": f"{tmp_path}{os.pathsep}{os.defpath}"}, record


@pytest.mark.timeout(600)
def test_each_process_comes_back_and_stop_leaves_nothing(deployed, docker):
    environment, record = docker
    done = deployed.run("deploy", **environment)
    assert done.returncode == 0, done.stderr
    addresses = READY.search(done.stderr).groups()
    for program in (("gateway",), ("models",), ("keeper",), ()):
        killed = deployed.kill(*program)
        eventually(lambda program=program, killed=killed: deployed.pid(*program) not in (0, killed), 120)
        eventually(lambda: deployed.run("status").returncode == 0, 120)
        eventually(lambda: is_from_models(addresses[0]), 120)
    eventually(lambda: tells_all(deployed.run("status").stderr, addresses[0]))
    again = deployed.run("deploy")
    assert (again.returncode, "a deployment runs from" in again.stderr) == (1, True)
    assert len(holders(deployed.folder)) == 4
    assert deployed.run("stop", **environment).returncode == 0
    assert deployed.is_gone()
    assert_free(*addresses)
    assert_containers_removed(record)


def assert_containers_removed(record: Path) -> None:
    """Whoever kills `docker run` leaves its container, whose name the next one needs."""
    told = [word for word in record.read_text().split() if word in ("rm", "run")]
    assert told.count("run") >= 3
    assert told == [*(told.count("run") * ["rm", "run"]), "rm"]


def test_one_before_a_named_model_server_leaves_that_alone(deployed, target):
    done = deployed.run("deploy", TF_SERVING_TARGET=target)
    assert done.returncode == 0, done.stderr
    assert "models" not in deployed.run("status").stderr
    assert deployed.run("stop").returncode == 0
    assert deployed.is_gone()
    second = deployed.run("stop")
    assert (second.returncode, "nothing is deployed" in second.stderr) == (0, True)
    third = deployed.run("status")
    assert (third.returncode, "nothing is deployed" in third.stderr) == (1, True)


def test_stop_beats_the_keeper_that_would_restart(deployed, target):
    assert deployed.run("deploy", TF_SERVING_TARGET=target).returncode == 0
    deployed.kill()
    assert deployed.run("stop").returncode == 0
    assert deployed.is_gone()


def test_what_is_left_of_a_dead_one_is_told_and_cleared(deployed, target):
    assert deployed.run("deploy", TF_SERVING_TARGET=target).returncode == 0
    for signum in (signal.SIGSTOP, signal.SIGKILL):  # else they might start each other in between
        for pid in holders(deployed.folder):
            with suppress(ProcessLookupError):  # it went with the supervisord that was killed just before
                os.kill(pid, signum)
    eventually(lambda: not holders(deployed.folder))
    for action in ("status", "deploy"):
        done = deployed.run(action)
        assert (done.returncode, "`make stop`" in done.stderr) == (1, True)
    assert deployed.run("stop").returncode == 0
    assert deployed.is_gone()


def test_one_that_does_not_come_up_says_why_and_leaves_nothing(deployed, tmp_path):
    broken = tmp_path / "tensorflow_model_server"
    broken.write_text("#!/bin/sh\necho the disk is on fire\nexit 3\n")
    broken.chmod(0o755)
    done = deployed.run("deploy", PATH=f"{tmp_path}{os.pathsep}{os.defpath}")
    assert done.returncode == 1
    assert "exited: models (exit status 3; not expected)" in done.stderr
    assert "the disk is on fire" in done.stderr
    assert deployed.is_gone()


def test_ctrl_c_while_it_comes_up_leaves_nothing(deployed):
    environment = {**os.environ, "TF_SERVING_TARGET": "localhost:1"}
    with subprocess.Popen(deployed.command("deploy"), env=environment, stderr=subprocess.PIPE, text=True) as process:
        eventually(lambda: supervisord(deployed.folder))
        process.send_signal(signal.SIGINT)
        assert "nothing is left" in process.communicate()[1]
    assert process.returncode == 128 + signal.SIGINT
    assert deployed.is_gone()


def test_everything_that_is_missing_is_named_at_once(deployed, tmp_path):
    deployed.folder = tmp_path / ("long" * 30)
    with socket.create_server(("", 0)) as first, socket.create_server(("", 0)) as second:
        ports = [taken.getsockname()[1] for taken in (first, second)]
        flags = [f"--releases={tmp_path}", f"--port={ports[0]}", f"--model_server_port={ports[1]}"]
        done = deployed.run("deploy", *flags)
    assert done.returncode == 1
    for lack in ("a socket in it allows", "no release in", *(f"port {port} cannot be used" for port in ports)):
        assert lack in done.stderr
    assert not deployed.folder.exists()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"lock", "gateway.log"}, "is no folder of a deployment"),
        ({LOCK, "gateway.log", "thesis.tex"}, "holds what no deployment writes (thesis.tex)"),
    ],
)
def test_a_folder_with_other_things_is_not_touched(deployed, names, said):
    deployed.folder.mkdir()
    for name in names:
        (deployed.folder / name).touch()
    done = deployed.run("stop")
    assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    assert {path.name for path in deployed.folder.iterdir()} == names


def test_a_folder_of_other_things_is_no_place_to_deploy_to(deployed):
    deployed.folder.mkdir()
    (deployed.folder / "thesis.tex").touch()
    done = deployed.run("deploy")
    assert (done.returncode, "is in other use: choose another" in done.stderr) == (1, True), done.stderr


@pytest.mark.parametrize("action", ["deploy", "stop"])
def test_a_folder_that_cannot_be_one_is_told(deployed, tmp_path, action):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "no" / "such", tmp_path / "file"):
        deployed.folder = folder
        done = deployed.run(action)
        assert (done.returncode, "choose another with --folder" in done.stderr) == (1, True), done.stderr


def test_an_overlay_is_not_ignored(deployed):
    done = deployed.run("deploy", "--overlay=staging")
    assert (done.returncode, "--overlay is for --platform kubernetes, not local" in done.stderr) == (2, True)
