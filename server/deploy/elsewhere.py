"""Docker Compose and Kubernetes: what they need, and which of their commands deploys, looks and stops."""

import logging
import os
import shlex
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from server.serve.stack import releases_lack
from server.serve.watch import ServeError

# The namespace of each overlay of ours.
OVERLAYS = {"staging": "pairrec-staging", "production": "pairrec"}

_FILES = Path(__file__).parents[2] / "deploy"
_PROBE_SECONDS = 20.0

_log = logging.getLogger("deploy")


@dataclass(frozen=True)
class Platform:
    """One that a command line program of its own deploys to.

    Attributes:
        lacks: says what is missing for an action, nothing where all is there.
        commands: to be run for an action, one after the other.
        environment: what they read beside this process' own.
    """

    lacks: Callable[[str], list[str]]
    commands: Mapping[str, Sequence[Sequence[str]]]
    environment: Mapping[str, str] = field(default_factory=dict)


def run(platform: Platform, action: str) -> int:
    """Runs the commands of an action, as far as they succeed; returns the last one's status.

    Raises:
        ServeError: something is missing; the message names all of it.
    """
    if lacks := platform.lacks(action):
        raise ServeError("\n".join(lacks))
    for command in platform.commands[action]:
        _log.info("%s", shlex.join(command))
        done = subprocess.run(command, env={**os.environ, **platform.environment}, check=False)  # noqa: S603  # ours
        if done.returncode:
            return done.returncode
    return 0


def compose(releases: Path, port: int) -> Platform:
    """Returns Docker Compose, serving the releases in a folder at a port of this machine."""
    compose = ["docker", "compose", "-f", str(_FILES / "compose" / "compose.yaml")]

    def lacks(action: str) -> list[str]:
        missing = _missing("docker", ("compose", "version"), ("info",))
        return [*missing, *filter(None, [releases_lack(releases)])] if action == "deploy" else missing

    commands = {
        "deploy": [[*compose, "up", "--detach", "--build", "--wait"]],
        "status": [[*compose, "ps"]],
        "stop": [[*compose, "down"]],
    }
    return Platform(lacks, commands, {"RELEASES": str(releases), "PORT": str(port)})


def kubernetes(overlay: str | None) -> Platform:
    """Returns the cluster that kubectl is set up for, with the objects of an overlay."""
    folder = _FILES / "kubernetes"
    here, volumes = (["--kustomize", str(folder / part / str(overlay))] for part in ("overlays", "volumes"))
    rollout = ["kubectl", "rollout", "status", "deployment/gateway", "--namespace", OVERLAYS.get(overlay or "", "")]

    def lacks(action: str) -> list[str]:
        missing = _missing("kubectl", ("version", "--request-timeout=10s"))
        if not overlay:
            return [*missing, f"no overlay is named: say OVERLAY={' or OVERLAY='.join(OVERLAYS)}"]
        if action == "deploy" and not missing and (fault := _fault(["kubectl", "get", *volumes])):
            return [f"its volumes are not there: `kubectl apply {' '.join(volumes)}` makes them, once ({fault})"]
        return missing

    commands = {
        "deploy": [["kubectl", "apply", *here], [*rollout, "--timeout=10m"]],
        "status": [["kubectl", "get", *here], [*rollout, "--timeout=5s"]],
        "stop": [["kubectl", "delete", "--ignore-not-found", *here]],
    }
    return Platform(lacks, commands)


def _missing(program: str, *probes: Sequence[str]) -> list[str]:
    """Says what keeps a program from working: that it is not there, or each of the probes that fails."""
    if shutil.which(program) is None:
        return [f"{program} is not on PATH: install it"]
    return list(filter(None, (_fault([program, *probe]) for probe in probes)))


def _fault(command: Sequence[str]) -> str:
    said = f"`{' '.join(command)}` failed"
    try:
        done = subprocess.run(  # noqa: S603  # ours
            command, capture_output=True, text=True, timeout=_PROBE_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{said}: no answer within {_PROBE_SECONDS:g} s"
    lines = (done.stderr or done.stdout).strip().splitlines()
    return f"{said}: {lines[0] if lines else f'status {done.returncode}'}" if done.returncode else ""
