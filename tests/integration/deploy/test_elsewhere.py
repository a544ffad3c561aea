"""What docker and kubectl are told; both are recorded here, since neither an engine nor a cluster can be asked."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from server.deploy.elsewhere import OVERLAYS
from tests.tiny_release import random_release, write_catalog

FILES = Path(__file__).parents[3] / "deploy"


@pytest.fixture
def run(tmp_path):
    """Runs a command of ours with programs that record what they are told, and fail at words of the test's."""
    record = tmp_path / "record"
    write_catalog(tmp_path / "catalog" / "1", 1, random_release())

    def run(action: str, *flags: str, programs: str = "docker kubectl", fail: str = "nothing") -> tuple[int, str, list]:
        for name in programs.split():
            (tmp_path / name).write_text(
                f'#!/bin/sh\necho "{name} $*" >> {record}\n'
                f'case "$*" in *"{fail}"*) echo "no such luck" >&2; exit 3;; esac\n'
            )
            (tmp_path / name).chmod(0o755)
        command = [sys.executable, "-m", "server.deploy", action, "--releases", str(tmp_path), *flags]
        environment = {**os.environ, "PATH": str(tmp_path)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        return done.returncode, done.stderr, told(record)

    return run


def told(record: Path) -> list[str]:
    return record.read_text().replace(f"{FILES}/", "").splitlines() if record.exists() else []


COMPOSE = "docker compose -f compose/compose.yaml"
STAGING = "--kustomize kubernetes/overlays/staging"
ROLLOUT = "kubectl rollout status deployment/gateway --namespace pairrec-staging --timeout="


@pytest.mark.parametrize(
    ("action", "told"),
    [("deploy", f"{COMPOSE} up --detach --build --wait"), ("status", f"{COMPOSE} ps"), ("stop", f"{COMPOSE} down")],
)
def test_compose_is_told_after_its_needs_are_checked(run, action, told):
    status, _, record = run(action, "--platform=compose")
    assert status == 0
    assert record == ["docker compose version", "docker info", told]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        (
            "deploy",
            [
                "kubectl get --kustomize kubernetes/volumes/staging",
                f"kubectl apply {STAGING}",
                f"{ROLLOUT}10m",
            ],
        ),
        ("status", [f"kubectl get {STAGING}", f"{ROLLOUT}5s"]),
        ("stop", [f"kubectl delete --ignore-not-found {STAGING}"]),
    ],
)
def test_kubectl_is_told_after_the_cluster_answered(run, action, told):
    status, _, record = run(action, "--platform=kubernetes", "--overlay=staging")
    assert status == 0
    assert record == ["kubectl version --request-timeout=10s", *told]


@pytest.mark.parametrize(
    ("flags", "setting", "lacks"),
    [
        (["compose"], {"programs": ""}, ["docker is not on PATH", "no release in"]),
        (["compose"], {"fail": "compose version"}, ["`docker compose version` failed: no such luck", "no release in"]),
        (["compose"], {"fail": "info"}, ["`docker info` failed: no such luck", "no release in"]),
        (["kubernetes"], {"programs": ""}, ["kubectl is not on PATH", "OVERLAY=staging or OVERLAY=production"]),
        (["kubernetes", "--overlay=staging"], {"fail": "version"}, ["`kubectl version --request-timeout=10s` failed"]),
        (["kubernetes", "--overlay=staging"], {"fail": "volumes"}, ["`kubectl apply --kustomize", "no such luck"]),
    ],
)
def test_all_that_is_missing_is_named_and_nothing_is_done(run, tmp_path, flags, setting, lacks):
    status, said, record = run("deploy", f"--releases={tmp_path / 'none'}", "--platform", *flags, **setting)
    assert status == 1
    assert all(lack in said for lack in lacks)
    assert not any(" up " in line or " apply " in line for line in record)


def test_a_failure_ends_it_with_its_status(run):
    status, _, record = run("deploy", "--platform=kubernetes", "--overlay=staging", fail="apply")
    assert status == 3
    assert record[-1] == f"kubectl apply {STAGING}"


def test_namespaces_and_files_are_those_under_deploy():
    for overlay, namespace in OVERLAYS.items():
        for part in ("overlays", "volumes"):
            text = (FILES / "kubernetes" / part / overlay / "kustomization.yaml").read_text()
            assert f"\nnamespace: {namespace}\n" in text
    assert (FILES / "compose" / "compose.yaml").exists()
