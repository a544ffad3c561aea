"""Which model server to run: the real TensorFlow Serving wherever there is one, else the stand-in."""

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

BINARY = "tensorflow_model_server"
IMAGE = "tensorflow/serving:2.20.0"
_ENGINE_SECONDS = 10.0

_log = logging.getLogger("serve")


@dataclass(frozen=True)
class Site:
    """Where a model server listens and what it reads; both paths are absolute."""

    port: int
    config_file: Path
    releases: Path

    def flags(self) -> list[str]:
        """Returns the flags, the same for every model server."""
        serving = [f"--port={self.port}", f"--model_config_file={self.config_file}"]
        return [*serving, "--enable_serialization_as_tensor_content"]  # 40 to 50 us less an answer with ranks


@dataclass(frozen=True)
class ModelServer:
    """One that could be run, and why it is this one; `command` is None where it runs already."""

    description: str
    command: Callable[[Site], list[str]] | None
    cleanup: tuple[str, ...] = ()  # to be run once it is stopped
    is_stand_in: bool = False


def choose_model_server(target: str, binary: str | None, image_lacks: Callable[[], str]) -> ModelServer:
    """Picks the first there is: a running one, the program, the official image, the stand-in.

    Args:
        target: the address of one that runs; empty for none.
        binary: the path of the program; None where it is not installed.
        image_lacks: says what keeps the image from being run, empty for nothing; asked only when it matters.
    """
    if target:
        return ModelServer(f"the one at {target}, which TF_SERVING_TARGET names", None)
    if binary:
        return ModelServer(f"{binary}, as it is on PATH", lambda site: [binary, *site.flags()])
    if not (lack := image_lacks()):
        name = f"pairrec-models-{os.getpid()}"
        return ModelServer(
            f"{IMAGE}, as a Docker engine runs and {BINARY} is not on PATH",
            lambda site: _docker_run(site, name),
            ("docker", "rm", "--force", name),
        )
    return ModelServer(
        f"server.embedded, a development stand-in, as {BINARY} is not on PATH and {lack}",
        lambda site: [sys.executable, "-m", "server.embedded", *site.flags()],
        is_stand_in=True,
    )


def docker_lacks() -> str:
    """Says what keeps images from being run here."""
    if shutil.which("docker") is None:
        return "docker is not there"
    return "" if _docker_succeeds("info") else "no Docker engine runs"


def docker_image_lacks() -> str:
    """Says what keeps the official image from being run here; fetches it where only that is missing."""
    if lack := docker_lacks():
        return lack
    if _docker_succeeds("image", "inspect", IMAGE):
        return ""
    _log.info("fetching the image %s, once", IMAGE)
    pull = ["docker", "pull", IMAGE]
    if subprocess.run(pull, stdout=sys.stderr, check=False).returncode:  # noqa: S603  # fixed words
        return f"`{' '.join(pull)}` failed"  # no network, or no image for this kind of machine
    return ""


def _docker_succeeds(*arguments: str) -> bool:
    docker = ["docker", *arguments]
    try:
        done = subprocess.run(docker, capture_output=True, timeout=_ENGINE_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:  # an engine that is only starting, or hangs
        return False
    return done.returncode == 0


def _docker_run(site: Site, name: str) -> list[str]:
    # Everything has the path it has outside, so that flags and models.config stay the same. Without --init
    # the server would be the container's first process, which ignores SIGTERM.
    mounts = (f"--mount=type=bind,source={p},target={p},readonly" for p in (site.releases, site.config_file))
    network = f"--publish=127.0.0.1:{site.port}:{site.port}"
    options = ["--rm", "--init", f"--name={name}", "--env=TF_CPP_MIN_LOG_LEVEL", network, *mounts]
    return ["docker", "run", *options, f"--entrypoint={BINARY}", IMAGE, *site.flags()]
