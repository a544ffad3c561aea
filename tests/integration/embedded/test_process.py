"""`python -m server.embedded` as a process: its start, its one line, its end."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import grpc
import pytest

from server.time_slices import SHORT_NS
from tests.conformance.client import connect, eventually
from tests.conformance.tiny_models import MODEL, save_tiny
from tests.kernel import niceness_of_threads, slice_and_niceness, takes_slices

LINE = "server.embedded (development stand-in for TensorFlow Serving) listening on localhost:"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Holds version 1 of "tiny" in `tiny`."""
    folder = tmp_path_factory.mktemp("process")
    save_tiny(folder / "tiny" / "1")
    return folder


@contextmanager
def process(*flags: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", "server.embedded", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def address_of(running: subprocess.Popen[str]) -> str:
    line = running.stdout.readline()
    assert line.startswith(LINE), running.stderr.read()
    return "localhost:" + line.removeprefix(LINE).strip()


def refuses(client) -> bool:
    try:
        client.states()
    except grpc.RpcError as error:
        return error.code() == grpc.StatusCode.UNAVAILABLE
    return False


def stop_while_waiting(running: subprocess.Popen[str], number: int, gate, open_gate: bool) -> grpc.Future:
    """Sends a request that waits for the gate, then the signal; returns the request."""
    with connect(address_of(running)) as client:
        waiting = client.waiting(gate)
        running.send_signal(number)
        eventually(lambda: refuses(client))
        if open_gate:
            gate.touch()
        waiting.exception(timeout=60)
        return waiting


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_lets_requests_finish_and_exits_cleanly(folder, tmp_path, number):
    with process("--port=0", f"--model_base_path={folder}/tiny", "--model_name", MODEL, "--no_such_flag=1") as running:
        waiting = stop_while_waiting(running, number, tmp_path / "gate", open_gate=True)
        assert waiting.result().model_spec.version.value == 1
        output, errors = running.communicate(timeout=120)
    assert running.returncode == 0
    assert output == ""
    assert "ignored: --no_such_flag=1" in errors
    assert "Traceback" not in errors


def answers(client) -> bool:
    with suppress(grpc.RpcError):
        return client.answering_version() == 1
    return False


@pytest.fixture
def polling(tmp_path: Path) -> Iterator[int]:
    """Yields the process id of a server whose first version was loaded by the thread that watches."""
    (tmp_path / "tiny").mkdir()
    flags = ("--port=0", f"--model_base_path={tmp_path}/tiny", f"--model_name={MODEL}", "--enable_model_warmup=false")
    with process(*flags, "--file_system_poll_wait_seconds=0.02") as running, connect(address_of(running)) as client:
        save_tiny(tmp_path / "tiny" / "1")
        eventually(lambda: answers(client))
        yield running.pid


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere threads have no priority of their own")
def test_only_the_thread_that_loads_gives_way(polling):
    """Those that answer are made by the first load, and would have its priority; those that read warm-ups may."""
    niceness = sorted(niceness_of_threads(polling).values())
    assert niceness[-2:] == [os.nice(0), min(os.nice(0) + 10, 19)]


@takes_slices
def test_only_the_thread_that_loads_has_long_slices(polling):
    niceness = niceness_of_threads(polling)
    loading = max(niceness, key=niceness.__getitem__)
    slices = {thread_id: slice_and_niceness(thread_id)[0] for thread_id in niceness}
    assert slices.pop(loading) == slice_and_niceness()[0]
    assert set(slices.values()) == {SHORT_NS}


def test_request_without_end_does_not_keep_the_process_alive(folder, tmp_path):
    with process("--port=0", f"--model_base_path={folder}/tiny", f"--model_name={MODEL}") as running:
        waiting = stop_while_waiting(running, signal.SIGTERM, tmp_path / "gate", open_gate=False)
        assert waiting.code() in (grpc.StatusCode.CANCELLED, grpc.StatusCode.UNAVAILABLE)
        _, errors = running.communicate(timeout=120)
    assert running.returncode == 0
    assert "Traceback" not in errors


def refused(*flags: str) -> tuple[int, str]:
    with process(*flags) as running:
        output, errors = running.communicate(timeout=120)
    assert output == ""
    return running.returncode, errors


def test_occupied_port_stops_the_start_with_one_line(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, errors = refused(f"--port={port}", f"--model_base_path={folder}/tiny")
    assert code == 1
    assert errors == f"server.embedded: cannot listen on 127.0.0.1:{port}: in use or not allowed; choose another\n"


def test_config_that_does_not_parse_stops_the_start_with_one_line(tmp_path):
    (tmp_path / "models.config").write_text("model_config_list {")
    code, errors = refused("--port=0", f"--model_config_file={tmp_path}/models.config")
    assert code == 1
    assert errors.startswith("server.embedded: Error parsing text-format tensorflow.serving.ModelServerConfig")
    assert errors.count("\n") == 1
