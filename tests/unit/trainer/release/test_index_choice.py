"""A ScaNN index is refused before training where it could not be built or served, with a reason and a way out."""

import sys

import pytest

from trainer.data import DataError
from trainer.release.index_choice import check_index, stock_server


def test_the_exact_index_is_never_refused():
    check_index("bruteforce", 3, "the one at models:8500")


def test_1000_movies_are_enough_for_scann():
    check_index("scann", 1_000)


@pytest.mark.parametrize(
    ("num_movies", "server", "reason"),
    [
        (999, "", "the data has 999 movies, and ScaNN needs 1,000 at least"),
        (5_000, "the one at models:8500", "stock TensorFlow Serving .* what would serve is the one at models:8500"),
    ],
)
def test_scann_is_refused_with_a_reason_and_a_way_out(num_movies, server, reason):
    with pytest.raises(DataError, match=rf"--index scann cannot be used: {reason}\. Use --index bruteforce\."):
        check_index("scann", num_movies, server)


def test_scann_is_refused_where_the_package_is_missing(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.delitem(sys.modules, "scann", raising=False)
    with pytest.raises(DataError, match=r"the package scann is not installed; .* extra train on Linux x86-64"):
        check_index("scann", 5_000)


@pytest.fixture
def empty_path(tmp_path, monkeypatch):
    """Neither TensorFlow Serving nor Docker is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TF_SERVING_TARGET", raising=False)
    return tmp_path


def test_the_stand_in_is_no_stock_server(empty_path):
    assert stock_server() == ""


def test_a_server_that_was_named_or_is_on_the_path_is_stock(empty_path, monkeypatch):
    program = empty_path / "tensorflow_model_server"
    program.touch(mode=0o755)
    assert stock_server() == f"{program}, as it is on PATH"
    monkeypatch.setenv("TF_SERVING_TARGET", "models:8500")
    assert stock_server() == "the one at models:8500, which TF_SERVING_TARGET names"


def test_a_docker_engine_has_the_stock_image_and_is_asked_for_none(empty_path):
    asked = empty_path / "asked"
    docker = empty_path / "docker"
    docker.write_text(f"#!/bin/sh\necho $1 >> {asked}\n")
    docker.chmod(0o755)
    assert "a Docker engine runs" in stock_server()
    assert asked.read_text() == "info\n"
