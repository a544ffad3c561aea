"""The programs of the images, run from exactly the files that these would hold.

What no build has shown is what the base image brings: Python 3.11 and the C library.
"""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import pytest
from pairrec.v1 import recommendation_pb2

from tests.integration.deploy_files.dockerfile import LOCKS, in_brackets, lay_out, said, tool
from tests.integration.gateway.processes import Gateway, Server, eventually, model_server
from tests.tiny_release import random_release, write_release

pytestmark = pytest.mark.timeout(900)  # a fresh environment takes its time on a busy machine
SITE_PACKAGES = sysconfig.get_path("purelib")
PYTHON = Path(sys.prefix, "bin", "python").resolve()  # that of no environment
# Nothing that says where modules are.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
ENVIRONMENT |= {"HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}


@pytest.fixture(scope="module")
def environment(tmp_path_factory) -> Path:
    """The gateway's environment, made as its image makes it; TensorFlow's messages are of the same locked version."""
    folder = tmp_path_factory.mktemp("opt") / "pairrec"
    packages = folder / "lib" / "python3.11" / "site-packages"
    copied = [words for words in said("gateway", "COPY") if words[0].startswith("--from=")]
    assert copied == [
        ["--from=gateway-environment", "/opt/pairrec", "/opt/pairrec"],
        ["--from=messages", "/messages", "/opt/pairrec/lib/python3.11/site-packages"],
    ]
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", folder], check=True)
    install = ("--no-compile", "--no-deps", "--require-hashes", "--requirement", LOCKS / "gateway.lock")
    tool("pip", "--disable-pip-version-check", "--python", folder, "install", *install)
    tool("python", LOCKS / "take_messages.py", SITE_PACKAGES, packages)
    return folder


@contextmanager
def gateway(environment: Path, app: Path, root: Path, models: Server) -> Iterator[Gateway]:
    """The image's entry point with the flags that say where everything is here."""
    where = ("--port=0", f"--model_server=localhost:{models.port}", f"--releases={root}", "--poll_seconds=0.1")
    log_path = root / "gateway.log"
    with (
        log_path.open("w") as log,
        subprocess.Popen(
            [*command(environment, "ENTRYPOINT"), *where],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=app,
            env=ENVIRONMENT,
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert "listening on" in line, log_path.read_text()
            server = Server(process, int(line.rpartition(":")[2]), log_path)
            with grpc.insecure_channel(f"localhost:{server.port}") as channel:
                yield Gateway(server, channel)
        finally:
            process.kill()


def command(environment: Path, instruction: str) -> list[str]:
    python, *words = in_brackets("gateway", instruction)
    return [str(environment / "bin" / python), *words]


def test_the_gateway_answers_from_exactly_its_files_without_tensorflow(environment, tmp_path):
    app, root = tmp_path / "app", tmp_path / "releases"
    lay_out("gateway", app)
    write_release(root, 1, random_release())
    with model_server(root) as models, gateway(environment, app, root, models) as served:
        eventually(lambda: served.serves(1))
        answer = served.pair()
        assert (answer.source, answer.release_version) == (recommendation_pb2.SOURCE_MODEL, 1)
        assert len(answer.recommendations) == 10
        health = [word.replace("50051", str(served.server.port)) for word in command(environment, "HEALTHCHECK")]
        eventually(lambda: subprocess.run(health, cwd=app, check=False).returncode == 0)
        assert "tensorflow" not in Path(f"/proc/{served.server.process.pid}/maps").read_text()
    assert subprocess.run(health, cwd=app, check=False, capture_output=True).returncode == 1


def test_the_gateways_environment_is_small_and_has_no_tensorflow_to_import(environment):
    size = sum(path.stat().st_size for path in environment.rglob("*") if not path.is_symlink())
    assert size < 350e6  # TensorFlow alone is 1,800 MB
    run = [environment / "bin" / "python", "-c", "import tensorflow.python"]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    assert "ModuleNotFoundError: No module named 'tensorflow.python'" in done.stderr


EVERY_MODULE = """
import importlib, pathlib
for path in sorted(pathlib.Path().rglob("*.py")):
    if path.name != "__main__.py":
        importlib.import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
"""


@pytest.mark.parametrize("target", ["trainer", "jobs"])
def test_an_image_tells_its_usage_and_every_module_of_it_finds_what_it_imports(target, tmp_path):
    """With the packages of this environment: its lock is held against the imports elsewhere."""
    lay_out(target, tmp_path)
    # On PYTHONPATH no .pth counts: the sources of this repository are out of reach.
    environment = ENVIRONMENT | {"PYTHONPATH": SITE_PACKAGES}
    asked_nothing = [*in_brackets(target, "ENTRYPOINT"), *in_brackets(target, "CMD")][1:]
    for words in (["-W", "ignore", "-c", EVERY_MODULE], asked_nothing):
        done = subprocess.run(
            [PYTHON, *words], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: python -m ")
