"""Generates the Python stubs beside the .proto files, or with --check says whether they are current."""

from __future__ import annotations

import argparse
import filecmp
import shutil
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from grpc_tools import protoc

ROOT = Path(__file__).parent
SERVICE_MARK = "\nservice "


def main() -> int:
    """Runs the command and returns its exit status: 1 where --check finds stubs that are not current."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a stub differs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        generated = generate(Path(folder))
        if options.check:
            return report_stale(Path(folder), generated)
        for stub in generated:
            shutil.copy(Path(folder) / stub, ROOT / stub)
    return 0


def generate(output: Path) -> list[Path]:
    """Writes all stubs under `output` and returns their paths relative to it."""
    sources = sorted(ROOT.glob("pairrec/**/*.proto"))
    services = [source for source in sources if SERVICE_MARK in source.read_text(encoding="utf-8")]
    run_protoc(ROOT, sources, f"--python_out={output}", f"--pyi_out={output}")
    run_protoc(ROOT, services, f"--grpc_python_out={output}")
    return sorted(path.relative_to(output) for path in output.rglob("*_pb2*"))


def run_protoc(root: Path, sources: list[Path], *outputs: str) -> None:
    """Compiles `sources` under `root` with google/api and google/rpc from the environment beside them."""
    annotations = find_spec("google.api.annotations_pb2")
    if annotations is None or annotations.origin is None:
        raise SystemExit("googleapis-common-protos is not installed; run make setup")
    site_packages = Path(annotations.origin).parents[2]
    includes = [f"-I{root}", f"-I{site_packages}", f"-I{Path(protoc.__file__).parent / '_proto'}"]
    if protoc.main(["protoc", *includes, *outputs, *map(str, sources)]):
        raise SystemExit("protoc failed")


def report_stale(folder: Path, generated: list[Path]) -> int:
    """Names every stub that differs from what is committed, or that no .proto accounts for."""
    committed = {path.relative_to(ROOT) for path in ROOT.glob("pairrec/**/*_pb2*") if path.is_file()}
    committed = {path for path in committed if path.suffix in {".py", ".pyi"}}
    same = {
        stub for stub in committed.intersection(generated) if filecmp.cmp(folder / stub, ROOT / stub, shallow=False)
    }
    stale = sorted(committed.union(generated) - same)
    for stub in stale:
        sys.stderr.write(f"proto/{stub} is not what its .proto generates; run make proto\n")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
