"""What the Dockerfile's targets are made of, read from the file itself."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from docker.utils.build import exclude_paths

REPOSITORY = Path(__file__).parents[3]
DOCKERFILE = REPOSITORY / "Dockerfile"
LOCKS = REPOSITORY / "deploy" / "images"
TARGETS = ("gateway", "trainer", "jobs")


def tool(name: str, *arguments: str | Path, env: dict[str, str] | None = None) -> str:
    """What a program of this environment says; it must succeed."""
    beside = str(Path(sys.executable).parent)
    program = shutil.which(name, path=os.pathsep.join((beside, os.environ["PATH"])))
    assert program, f"{name} is not installed: make setup"
    done = subprocess.run([program, *arguments], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def context(root: Path = REPOSITORY) -> set[Path]:
    """The files under root that a build may see, by the repository's .dockerignore."""
    patterns = (REPOSITORY / ".dockerignore").read_text().splitlines()
    rules = [line for line in patterns if line and not line.startswith("#")]
    # Docker's own reading of the rules; it always adds the two.
    seen = exclude_paths(str(root), rules) - {"Dockerfile", ".dockerignore"}
    return {Path(path) for path in seen if (root / path).is_file()}


def stages() -> dict[str, list[tuple[str, list[str]]]]:
    """The instructions of each stage, with those of the stages it is built from before them."""
    found: dict[str, list[tuple[str, list[str]]]] = {}
    text = DOCKERFILE.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        name, *words = line.split()
        if name == "FROM":
            base, _, stage = words
            found[stage] = list(found.get(base, []))
        elif found:
            found[stage].append((name, words))
    return found


def said(target: str, instruction: str) -> list[list[str]]:
    """The words after each occurrence of an instruction, those of the base first."""
    return [words for name, words in stages()[target] if name == instruction]


def in_brackets(target: str, instruction: str) -> list[str]:
    """The command that an instruction gives last, as ENTRYPOINT and HEALTHCHECK do."""
    text = " ".join(said(target, instruction)[-1])
    return json.loads(text[text.index("[") :])


def lay_out(target: str, folder: Path) -> None:
    """Copies what the target's COPY lines take from the context, and nothing else, as its /app would hold it."""
    assert said(target, "WORKDIR") == [["/app"]]
    seen = context()
    for words in said(target, "COPY"):
        if not words[0].startswith("--from="):
            *patterns, to = words
            assert not to.startswith("/"), f"COPY to {to}: outside /app"
            assert [copied for pattern in patterns for copied in _copy(seen, pattern, folder / to)], words


def _copy(seen: set[Path], pattern: str, to: Path) -> list[Path]:
    """Copies the files of a folder into another, or files that a pattern names."""
    from_folder = (REPOSITORY / pattern).is_dir()
    files = [path for path in seen if (path.is_relative_to(pattern) if from_folder else path.match(pattern))]
    if not from_folder:
        files = [path for path in files if path.parent == Path(pattern).parent]
    for path in files:
        copy = to / (path.relative_to(pattern) if from_folder else path.name)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / path, copy)
    return files
