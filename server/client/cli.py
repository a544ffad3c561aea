"""The `pairrec` command: asks the gateway and prints the answer for a person or, as JSON, for a program."""

import argparse
import os
import sys

import grpc
from google.protobuf import json_format
from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2
from rich.console import Console, RenderableType

from server.client.client import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_SECONDS, PairrecClient
from server.client.faults import explain
from server.client.pair_view import PairView
from server.client.release_view import release_view
from server.flag_values import number

_PIPE_WIDTH = 200  # nothing is cut, and a table is only as wide as what it holds
_FAILURE, _USAGE, _INTERRUPTED = 1, 2, 130  # exit statuses, as shells and argparse have them


def main(argv: list[str] | None = None) -> int:
    """Runs one command; returns 0, 2 for what the caller can mend in the command line, else 1."""
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # titles this terminal cannot show
    arguments = _parse(argv)
    try:
        _ask(arguments)
    except grpc.RpcError as error:
        bad = error.code() is grpc.StatusCode.INVALID_ARGUMENT
        return _complain(explain(error, arguments.address), _USAGE if bad else _FAILURE)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:  # a full disk behind stdout, for one
        return _complain([f"the answer cannot be written: {error.strerror}"], _FAILURE)
    return 0


def _complain(lines: list[str], status: int) -> int:
    for line in lines:
        sys.stderr.write(f"pairrec: {line}\n")
    return status


def _ask(arguments: argparse.Namespace) -> None:
    with PairrecClient(arguments.address, timeout_seconds=arguments.timeout) as client:
        if arguments.command == "release":
            release = client.get_release()
            _print(release, release_view(release), as_json=arguments.json)
        else:
            request = _pair_request(arguments)
            response = client.recommend_pair(request)
            _print(response, PairView(request, response), as_json=arguments.json)


def _pair_request(arguments: argparse.Namespace) -> service_pb2.RecommendPairRequest:
    try:
        return service_pb2.RecommendPairRequest(
            first=recommendation_pb2.Member(user_id=arguments.first),
            second=recommendation_pb2.Member(user_id=arguments.second),
            first_weight=arguments.first_weight,
            objective=_OBJECTIVES[arguments.objective],
            strategy=_STRATEGIES[arguments.strategy],
            page_size=arguments.top,
        )
    except ValueError as error:  # what no message can hold: an id that is not Unicode, a number beyond 32 bits
        raise SystemExit(_complain([str(error)], _USAGE)) from error


def _print(response: Message, view: RenderableType, *, as_json: bool) -> None:
    # Rich ends quietly when the reader of a pipe (`| head`) has gone. Titles and ids are text, never markup.
    console = Console(markup=False, emoji=False, highlight=False)
    if as_json:
        text = json_format.MessageToJson(
            response, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
        )
        console.out(text, highlight=False)
    else:
        console.width = console.width if console.is_terminal else _PIPE_WIDTH
        console.print(view)


def _words(enum_names: list[str]) -> dict[str, str]:
    """Returns what a flag accepts for a proto enum: {"rank-fusion": "STRATEGY_RANK_FUSION"}."""
    words = {name.partition("_")[2].lower().replace("_", "-"): name for name in enum_names}
    return {word: name for word, name in words.items() if word != "unspecified"}


_OBJECTIVES = _words(recommendation_pb2.Objective.keys())
_STRATEGIES = _words(recommendation_pb2.Strategy.keys())


def _parse(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pairrec", description="Movies that suit two people.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    pair = commands.add_parser("pair", help="one list for two people")
    _add_pair_flags(pair)
    release = commands.add_parser("release", help="the release that answers, and how good it is")
    address = os.environ.get("PAIRREC_ADDRESS") or DEFAULT_ADDRESS
    seconds = number(float, 0.001, 3600)
    for add in (pair.add_argument, release.add_argument):
        add("--json", action="store_true", help="print the response as JSON")
        add("--address", default=address, help="the gateway (PAIRREC_ADDRESS, else %(default)s)")
        add("--timeout", type=seconds, default=DEFAULT_TIMEOUT_SECONDS, help="seconds to wait (%(default)s)")
    return parser.parse_args(argv)


def _add_pair_flags(pair: argparse.ArgumentParser) -> None:
    add = pair.add_argument
    add("--first", required=True, metavar="USER_ID", help="one person")
    add("--second", required=True, metavar="USER_ID", help="the other person")
    add(
        "--first-weight",
        type=float,
        default=0.5,
        help="how much the first's taste counts, 0 to 1 (%(default)s)",
    )
    add("--objective", choices=_OBJECTIVES, default="watch", help="what they will likely do (%(default)s)")
    add("--strategy", choices=_STRATEGIES, default="rank-fusion", help="how lists join (%(default)s)")
    add("--top", type=int, default=10, help="how many movies, at most 100 (%(default)s)")
