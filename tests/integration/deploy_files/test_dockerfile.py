"""What the images hold and what they do not, as far as the files alone can tell."""

import ast
import re
import sys
from importlib.metadata import packages_distributions as distributions

import pytest

from tests.integration.deploy_files.dockerfile import (
    DOCKERFILE,
    LOCKS,
    REPOSITORY,
    TARGETS,
    context,
    in_brackets,
    lay_out,
    said,
    tool,
)

PRIVATE = (
    ".git/config",
    ".venv/bin/python",
    "serving_models/catalog/1/histories.arrow",
    "serving_models/query_tower/1/saved_model.pb",
    "serving_models/PINNED",
    "server/embedded/u.data",
    "trainer/data/u.data",
    "ratings/u.data",
    "requirements.lock",
    ".env",
)


def test_hadolint_finds_nothing():
    assert tool("hadolint", DOCKERFILE) == ""


def test_no_release_no_data_and_no_history_goes_into_a_context(tmp_path):
    for path in (*PRIVATE, "server/errors.py", "LICENSE"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    assert {path.as_posix() for path in context(tmp_path)} == {"server/errors.py", "LICENSE"}


def test_the_context_of_this_repository_is_sources_and_locks():
    suffixes = {path.suffix for path in context() if path.parts[0] != "deploy" and path.name != "LICENSE"}
    assert suffixes == {".py"}


@pytest.mark.parametrize("target", TARGETS)
def test_an_image_runs_as_a_number_that_is_not_root_and_stops_when_told(target):
    assert said(target, "USER") == [["10001:10001"]]
    assert said(target, "STOPSIGNAL")[-1] == (["SIGINT"] if target == "jobs" else ["SIGTERM"])
    assert in_brackets(target, "ENTRYPOINT")[0] == "python"


@pytest.mark.parametrize("lock", ["gateway", "tensorflow", "trainer", "jobs"])
def test_an_image_has_the_versions_and_hashes_that_everything_is_tested_with(lock):
    """Mended by `make lock-images`."""
    everything = set((REPOSITORY / "requirements.lock").read_text().splitlines())
    assert {line for line in (LOCKS / f"{lock}.lock").read_text().splitlines() if line not in everything} == set()


@pytest.mark.parametrize("target", TARGETS)
def test_what_the_programs_of_an_image_import_is_locked_for_it(target, tmp_path):
    """Mended by pyproject.toml's extras and `make lock-images`."""
    lay_out(target, tmp_path)
    wanted = {package for path in tmp_path.rglob("*.py") for package in imported(path.read_text())}
    own = {path.name for path in tmp_path.iterdir()}
    locked = set(re.findall(r"^([\w.-]+)==", (LOCKS / f"{target}.lock").read_text(), re.MULTILINE))
    if target == "gateway":
        locked.add("tensorflow")  # its messages are copied; what needs more of it no gateway calls
    brought = {
        package: {name.lower().replace("_", "-") for name in names} for package, names in distributions().items()
    }
    foreign = wanted - own - set(sys.stdlib_module_names)
    assert {package for package in foreign if not brought[package] & locked} == set()


def imported(source: str) -> set[str]:
    """The packages that a module imports anywhere in it, by the first part of their names."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.split(".")[0] for name in names}
