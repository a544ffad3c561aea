"""Every flag that compose or Kubernetes hands to one of our programs is one that it has."""

import re
import subprocess
import sys

import pytest

from tests.integration.deploy_files.dockerfile import TARGETS, in_brackets
from tests.integration.deploy_files.manifests import pods, services

PROGRAMS = [
    ("gateway", "server.gateway"),
    ("jobs", "server.jobs.precompute"),
    ("trainer", "trainer"),
    ("trainer", "trainer.rollback"),
]


def handed() -> set[tuple[str, str, str]]:
    """Target, module and flag."""
    commands = [(service["image"], service["command"]) for service in services().values() if service.get("command")]
    containers = [each for pod in pods("production").values() for each in pod["containers"]]
    commands += [(each["image"], each["args"]) for each in containers]
    found = set()
    for image, words in commands:
        target = image.removeprefix("pairrec-").partition(":")[0]
        if target in TARGETS:
            module, *flags = [*in_brackets(target, "ENTRYPOINT"), *words][2:]
            found |= {(target, module, flag.partition("=")[0]) for flag in flags}
    return found


@pytest.mark.parametrize(("target", "module"), PROGRAMS)
def test_a_program_has_the_flags_it_is_handed(target, module):
    told = subprocess.run([sys.executable, "-m", module, "--help"], capture_output=True, text=True, check=True).stdout
    flags = {flag for each, of, flag in handed() if (each, of) == (target, module)}
    assert flags
    assert flags <= set(re.findall(r"--[\w-]+", told))


def test_no_other_program_is_run():
    assert {(target, module) for target, module, _ in handed()} == set(PROGRAMS)
