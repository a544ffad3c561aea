"""Refuses changes of the contract that break callers of the one on origin/main."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from generate import ROOT, run_protoc

BUF = Path(sys.executable).with_name("buf")


def main(reference: str = "origin/main") -> int:
    """Returns 0 where nothing breaks, or where there is no such commit to compare with."""
    git = ["git", "archive", reference, "."]
    archive = subprocess.run(git, cwd=ROOT, capture_output=True, check=False)  # noqa: S603 - git of the PATH
    if archive.returncode:
        sys.stdout.write(f"there is no {reference} to compare the contract with\n")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        before, image = Path(folder), Path(folder) / "image.binpb"
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(before, filter="data")
        # buf finds no imports in a commit: those of google come from the environment.
        protos = sorted(before.rglob("*.proto"))
        run_protoc(before, protos, "--include_imports", "--include_source_info", f"--descriptor_set_out={image}")
        against = [BUF, "breaking", ROOT.name, "--against", image]
        return subprocess.run(against, cwd=ROOT.parent, check=False).returncode  # noqa: S603 - nothing of a user's


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
