"""Connections that say nothing, or begin and stop: others are answered as if they were not there."""

import socket
import time
from contextlib import ExitStack
from pathlib import Path

import grpc
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from tests.integration.gateway.processes import Gateway, eventually, gateway, model_server
from tests.soak.outcome import Outcome
from tests.tiny_release import random_release, write_release

_CONNECTIONS, _CALLS = 500, 200
# What a call may take at most, and how long is worth a line of its own.
_LIMIT_SECONDS, _SLOW_SECONDS = 1.0, 0.1
_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
# After it: empty settings, and the first half of a header frame.
_BEGINNINGS = (b"", b"GET / HTTP/1.1\r\n", _PREFACE, _PREFACE + bytes(3) + b"\x04" + bytes(5) + b"\0\0\xff\x01\x04")


def soak_silent(folder: Path, outcome: Outcome) -> None:
    """Asks 200 times while 500 connections are held open, of four kinds."""
    write_release(folder, 1, random_release())
    with model_server(folder) as models, gateway(folder, models.port) as served, ExitStack() as silent:
        eventually(lambda: served.serves(1))
        expected = served.pair().recommendations
        before = served.server.resident_bytes
        for number in range(_CONNECTIONS):
            connection = silent.enter_context(socket.create_connection(("localhost", served.server.port), timeout=5))
            connection.sendall(_BEGINNINGS[number % len(_BEGINNINGS)])
        for number in range(_CALLS):
            started = time.monotonic()
            answer = _ask_by_a_new_connection(served) if number % 2 else served.pair(timeout=_LIMIT_SECONDS)
            outcome.require(answer.recommendations == expected, f"call {number} is answered otherwise: {answer}")
            slow = time.monotonic() - started > _SLOW_SECONDS
            outcome.counts["a new connection" if number % 2 else "an old one", "slow" if slow else "in time"] += 1
        growth = (served.server.resident_bytes - before) / _CONNECTIONS / 1024
        outcome.facts.append(f"{_CONNECTIONS} connections held, {growth:.0f} KiB of memory each")


def _ask_by_a_new_connection(served: Gateway) -> service_pb2.RecommendPairResponse:
    options = [("grpc.use_local_subchannel_pool", 1)]
    with grpc.insecure_channel(f"localhost:{served.server.port}", options) as channel:
        return Gateway(served.server, channel).pair(timeout=_LIMIT_SECONDS)
