"""What compose.yaml and the Kubernetes folders say once their own tools have read them."""

import json
from functools import cache
from typing import Any

import yaml

from tests.integration.deploy_files.dockerfile import REPOSITORY, tool

COMPOSE = REPOSITORY / "deploy" / "compose" / "compose.yaml"
KUBERNETES = REPOSITORY / "deploy" / "kubernetes"
OVERLAYS = ("staging", "production")


@cache
def services() -> dict[str, Any]:
    """The services of compose.yaml, the trainer's among them, with no variable set."""
    everything = ("--file", COMPOSE, "--profile", "*", "config", "--format", "json")
    return json.loads(tool("docker-compose", *everything, env={"HOME": "/tmp"}))["services"]


@cache
def objects(folder: str) -> tuple[dict[str, Any], ...]:
    """The objects that a folder under deploy/kubernetes makes."""
    return tuple(yaml.safe_load_all(tool("kubectl", "kustomize", KUBERNETES / folder)))


def pods(overlay: str) -> dict[str, dict[str, Any]]:
    """The pods that an overlay runs, by the name of what makes them, with `containers` first to last."""
    found = {}
    for thing in objects(f"overlays/{overlay}"):
        spec = (
            thing["spec"] if thing["kind"] == "Deployment" else thing.get("spec", {}).get("jobTemplate", {}).get("spec")
        )
        if spec:
            pod = spec["template"]["spec"]
            containers = [*pod.get("initContainers", []), *pod["containers"]]
            found[thing["metadata"]["name"]] = pod | {"containers": containers}
    return found


def container(overlay: str, pod: str, name: str) -> dict[str, Any]:
    """One container of a pod."""
    return next(each for each in pods(overlay)[pod]["containers"] if each["name"] == name)
