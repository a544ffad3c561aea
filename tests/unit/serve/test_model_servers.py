"""Which model server is run, and with which words."""

import os
import sys
from pathlib import Path

import pytest

from server.serve.model_servers import IMAGE, Site, choose_model_server, docker_image_lacks

SITE = Site(8500, Path("/tmp/models.config"), Path("/data/releases"))
FLAGS = ["--port=8500", "--model_config_file=/tmp/models.config", "--enable_serialization_as_tensor_content"]


def no_docker() -> str:
    return "no Docker engine runs"


def never() -> str:
    raise AssertionError("nobody needed to ask Docker")


def test_an_address_that_is_named_wins_and_nothing_is_started():
    chosen = choose_model_server("models:8500", "/opt/tensorflow_model_server", never)
    assert chosen.command is None
    assert "models:8500, which TF_SERVING_TARGET names" in chosen.description


def test_the_program_on_the_path_is_next():
    chosen = choose_model_server("", "/opt/tensorflow_model_server", never)
    assert chosen.command(SITE) == ["/opt/tensorflow_model_server", *FLAGS]
    assert "PATH" in chosen.description


def test_the_image_is_run_with_the_same_flags_and_paths_and_removed_by_name():
    chosen = choose_model_server("", None, lambda: "")
    command = chosen.command(SITE)
    assert command[:2] == ["docker", "run"]
    assert command[-4:] == [IMAGE, *FLAGS]
    assert "--rm" in command
    assert "--publish=127.0.0.1:8500:8500" in command
    assert "--mount=type=bind,source=/data/releases,target=/data/releases,readonly" in command
    assert f"--name={chosen.cleanup[-1]}" in command


def test_the_stand_in_is_last_and_says_why():
    chosen = choose_model_server("", None, no_docker)
    assert chosen.command(SITE) == [sys.executable, "-m", "server.embedded", *FLAGS]
    assert "stand-in" in chosen.description
    assert "no Docker engine runs" in chosen.description


@pytest.mark.parametrize(
    ("script", "lack"),
    [
        ("exit 1", "no Docker engine runs"),
        ('[ "$1" != image ] && [ "$1" != pull ]', f"`docker pull {IMAGE}` failed"),
        ('[ "$1" != image ]', ""),
        ('[ "$1" != pull ]', ""),
    ],
    ids=["no engine", "no image to be had", "image fetched", "image there"],
)
def test_what_the_image_lacks_is_asked_of_docker(tmp_path, monkeypatch, script, lack):
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    assert docker_image_lacks() == lack


def test_a_machine_without_docker_lacks_docker(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert docker_image_lacks() == "docker is not there"
