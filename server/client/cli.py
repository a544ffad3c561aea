"""The `pairrec` command: asks the gateway and prints the answer for a person or, as JSON, for a program."""

import argparse
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from rich.console import Console

from server.client.batch import read_pairs
from server.client.client import PairrecClient
from server.client.commands import COMMANDS, Command, parse
from server.client.faults import explain
from server.client.requests import build
from server.client.streaming import stream_pairs
from server.client.tables import show
from server.client.titles import Movies

_PIPE_WIDTH = 200  # nothing is cut, and a table is only as wide as what it holds
_AT_ONCE = 1_000  # pairs a table
_FAILURE, _USAGE, _INTERRUPTED = 1, 2, 130  # exit statuses, as shells and argparse have them
_CALLERS_FAULT = (grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.NOT_FOUND)


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns 0, 2 for what the caller can mend in the command line, else 1."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # titles this terminal cannot show
    arguments = parse(argv)
    command = COMMANDS[arguments.command]
    try:
        return _run(command, arguments)
    except grpc.RpcError as error:
        status = _USAGE if error.code() in _CALLERS_FAULT else _FAILURE
        return _complain(explain(error, arguments.address, command.flags), status)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:  # a full disk behind stdout, for one
        return _complain([f"the answer cannot be written: {error.strerror}"], _FAILURE)


def _complain(lines: list[str], status: int) -> int:
    for line in lines:
        sys.stderr.write(f"pairrec: {line}\n")
    return status


def _run(command: Command, arguments: argparse.Namespace) -> int:
    failed = 0
    with PairrecClient(arguments.address, timeout_seconds=arguments.timeout) as client:
        requests = _requests(command, arguments, Movies(client))
        is_batch = arguments.command == "batch"
        answered = _ask_batch(client, requests, arguments.timeout) if is_batch else _ask(client, requests[0])
        for request, response in answered:
            _print(command.help, request, response, as_json=arguments.json)
            failed += sum(result.HasField("error") for result in getattr(response, "results", ()))
    return _complain([f"{failed} of the pairs got no list"], _FAILURE) if failed else 0


def _requests(command: Command, arguments: argparse.Namespace, movies: Movies) -> list[Any]:
    try:
        request: Any = build(command, arguments, movies)
        return read_pairs(request, arguments.pairs_file) if arguments.command == "batch" else [request]
    except ValueError as error:  # an unclear title, a bad line of a file, an id that is not Unicode
        raise SystemExit(_complain(str(error).splitlines(), _USAGE)) from error
    except OSError as error:
        raise SystemExit(_complain([f"{error.filename} cannot be read: {error.strerror}"], _USAGE)) from error


def _ask(client: PairrecClient, request: Message) -> list[tuple[Message, Message]]:
    """Sends a request by the client's method for it: recommend_pair for a RecommendPairRequest."""
    words = re.findall("[A-Z][a-z]+", type(request).__name__.removesuffix("Request"))
    return [(request, getattr(client, "_".join(words).lower())(request))]


def _ask_batch(client: PairrecClient, pairs: list[Any], timeout_seconds: float) -> Iterator[tuple[Message, Message]]:
    """Yields some pairs and their results, then the next; whatever is printed at once need not be kept."""
    results = stream_pairs(client, pairs, timeout_seconds=timeout_seconds)
    for start in range(0, len(pairs), _AT_ONCE):
        request = service_pb2.BatchRecommendPairsRequest(requests=pairs[start : start + _AT_ONCE])
        yield request, service_pb2.BatchRecommendPairsResponse(results=islice(results, _AT_ONCE))


def _print(title: str, request: Message, response: Message, *, as_json: bool) -> None:
    # Rich ends quietly when the reader of a pipe (`| head`) has gone. Titles and ids are text, never markup.
    console = Console(markup=False, emoji=False, highlight=False)
    if as_json:
        results = getattr(response, "results", ())  # of a batch: a line each
        for message in results or [response]:
            console.out(_json(message, indent=None if results else 2), highlight=False)
    else:
        console.width = console.width if console.is_terminal else _PIPE_WIDTH
        console.print(show(title, request, response))


def _json(message: Message, indent: int | None) -> str:
    return json_format.MessageToJson(
        message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True, indent=indent
    )
