"""The examples of docs/clients.md, each as its file says to run it, against a running gateway."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.serve.launched import Launched
from tests.tiny_release import random_release, write_release

CLIENTS = Path(__file__).parents[2] / "docs" / "clients"
PROGRAMS = Path(sys.executable).parent
EXAMPLES = ("python/example.py", "node/example.js", "curl.sh")

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def node_modules(tmp_path_factory) -> Path:
    """What `npm ci` installs, outside the sources."""
    folder = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json"):
        (folder / name).write_bytes((CLIENTS / "node" / name).read_bytes())
    command = [PROGRAMS / "npm", "ci", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "node_modules"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    releases = tmp_path_factory.mktemp("releases")
    write_release(releases, 1, random_release())
    with Launched(releases, tmp_path_factory.mktemp("temporary"), "--port=0", "--model_server_port=0") as launched:
        yield launched.ready()[0]


@pytest.fixture(scope="module")
def run(address, node_modules) -> Run:
    """Runs one example, or `pairrec`, against the gateway."""
    programs = {
        "python/example.py": [sys.executable, CLIENTS / "python" / "example.py"],
        "node/example.js": [PROGRAMS / "node", CLIENTS / "node" / "example.js"],
        "curl.sh": [CLIENTS / "curl.sh"],
        "pairrec": [PROGRAMS / "pairrec"],
    }

    def start(program: str, *arguments: str, at: str = address) -> subprocess.CompletedProcess[str]:
        variables = environment(PAIRREC_ADDRESS=at, NODE_PATH=str(node_modules))
        command = [*programs[program], *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, check=False)

    return start


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{PROGRAMS}:{os.environ['PATH']}", **variables}


def titles(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert done.returncode == 0, done.stderr
    return re.findall(r"Movie \d+", done.stdout)


def test_all_clients_get_the_list_that_pairrec_prints(run):
    flags = ("--first", "1", "--second-likes", "m3", "Movie 5", "--first-weight", "0.6", "--top", "5")
    printed = json.loads(run("pairrec", "pair", *flags, "--json").stdout)["recommendations"]
    right = [entry["movie"]["title"] for entry in printed]
    assert len(right) == 5
    for example in EXAMPLES:
        assert titles(run(example, "1", "m3", "m5")) == right


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_bad_field_is_named(run, example):
    done = run(example, "x" * 129, "m3", "")
    assert done.returncode != 0
    assert "first.user_id" in done.stderr
    assert "second.history[1].movie_id" in done.stderr


@pytest.mark.parametrize("example", EXAMPLES)
def test_nobody_waits_longer_than_the_deadline(run, example):
    """At the address is one that takes connections and says nothing, for ever."""
    with socket.create_server(("localhost", 0)) as silent:
        done = run(example, "1", "m3", at=f"localhost:{silent.getsockname()[1]}")
    assert done.returncode != 0
    assert re.search("DEADLINE_EXCEEDED|^Failure:", done.stderr)  # buf's reason is that it found no contract


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_docs_show_the_example_as_it_is(example):
    assert (CLIENTS / example).read_text() in (CLIENTS.parent / "clients.md").read_text()


def test_the_lock_names_no_place_to_fetch_from():
    assert '"resolved"' not in (CLIENTS / "node" / "package-lock.json").read_text()
