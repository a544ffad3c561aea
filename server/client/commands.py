"""The commands of `pairrec`, in one table: what each asks, and with which flags."""

import argparse
import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from google.protobuf import message_factory
from google.protobuf.message import Message
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client import flags
from server.client.client import DEFAULT_ADDRESS, DEFAULT_TIMEOUT_SECONDS
from server.client.flags import Flag
from server.flag_values import number

_METHODS = service_pb2.DESCRIPTOR.services_by_name["PairRecommendationService"].methods_by_name
_BATCH_TIMEOUT_SECONDS = 60.0


class Command(NamedTuple):
    """One command: the RPC whose request its flags fill, and what that gives, for people."""

    rpc: str
    help: str
    flags: tuple[Flag, ...] = ()

    @property
    def request(self) -> type[Message]:
        """The message that the flags fill."""
        return message_factory.GetMessageClass(_METHODS[self.rpc].input_type)


COMMANDS: Mapping[str, Command] = {
    "pair": Command("RecommendPair", "one list for two people", flags.PAIR),
    "batch": Command("RecommendPair", "lists for many pairs, of a CSV file: first,second[,first_weight]", flags.BATCH),
    "recommend": Command("Recommend", "one person's own list", flags.RECOMMEND),
    "predict": Command("PredictRatings", "the stars a person would give, to some movies or to all", flags.PREDICT),
    "rated": Command("ListRatedMovies", "what someone rated, beside what we would have said", flags.RATED),
    "similar": Command("FindSimilarMovies", "the movies most like one movie", flags.SIMILAR),
    "popular": Command("ListPopularMovies", "the movies most people rated, or rated highest", flags.POPULAR),
    "search": Command("SearchMovies", "movies by title, and their ids", flags.SEARCH),
    "release": Command("GetRelease", "the release that answers, and how good it is"),
}


def parse(argv: list[str] | None) -> argparse.Namespace:
    """Reads a command line; says what is wrong with it, or what it may hold, and exits."""
    parser = argparse.ArgumentParser(prog="pairrec", description="Movies that suit two people.")
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.help, description=f"Gives {command.help}.")
        for flag in command.flags:
            subparser.add_argument(flag.name, help=flag.help, **flag.options)
        if name == "batch":
            subparser.add_argument("pairs_file", nargs="?", default="-", help="the file (standard input)")
        timeout_seconds = _BATCH_TIMEOUT_SECONDS if name == "batch" else DEFAULT_TIMEOUT_SECONDS
        _add_common_flags(subparser.add_argument, timeout_seconds)
    return parser.parse_args(argv)


def _add_common_flags(add: Callable[..., object], timeout_seconds: float) -> None:
    address = os.environ.get("PAIRREC_ADDRESS") or DEFAULT_ADDRESS
    add("--json", action="store_true", help="print the response as JSON")
    add("--address", default=address, help="the gateway (PAIRREC_ADDRESS, else %(default)s)")
    add("--timeout", type=number(float, 0.001, 3600), default=timeout_seconds, help="seconds to wait (%(default)s)")
