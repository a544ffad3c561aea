"""The `pairrec` command: what it sends, and what it says when that fails."""

import json
import socket
import subprocess
import sys

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2
from pairrec.v1 import recommendation_pb2

from server.client.cli import main
from server.client.commands import COMMANDS

PAIR = ["pair", "--first", "196", "--second", "186"]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("localhost", 0)) as held:
        return held.getsockname()[1]


def test_the_flags_become_the_request(gateway):
    gateway.answers = [service_pb2.RecommendPairResponse()]
    flags = ["--first-weight", "0.7", "--objective", "like", "--strategy", "rank-fusion", "--top", "3"]
    assert main([*PAIR, *flags, "--address", gateway.address]) == 0
    assert gateway.requests == [
        service_pb2.RecommendPairRequest(
            first=recommendation_pb2.Member(user_id="196"),
            second=recommendation_pb2.Member(user_id="186"),
            first_weight=0.7,
            objective=recommendation_pb2.OBJECTIVE_LIKE,
            strategy=recommendation_pb2.STRATEGY_RANK_FUSION,
            page_size=3,
        )
    ]


@pytest.mark.parametrize(
    "strategy", ["rank-fusion", "weighted-average", "least-misery", "most-pleasure", "proportional"]
)
def test_every_strategy_has_its_word(gateway, strategy):
    gateway.answers = [service_pb2.RecommendPairResponse()]
    assert main([*PAIR, "--strategy", strategy, "--address", gateway.address]) == 0
    name = f"STRATEGY_{strategy.replace('-', '_').upper()}"
    assert gateway.requests[0].strategy == recommendation_pb2.Strategy.Value(name)


def test_a_weight_of_zero_is_sent_as_zero(gateway):
    gateway.answers = [service_pb2.RecommendPairResponse()]
    main([*PAIR, "--first-weight", "0", "--address", gateway.address])
    assert gateway.requests[0].HasField("first_weight")
    assert gateway.requests[0].first_weight == 0


def test_the_address_comes_from_the_environment(gateway, monkeypatch):
    monkeypatch.setenv("PAIRREC_ADDRESS", gateway.address)
    gateway.answers = [service_pb2.RecommendPairResponse()]
    assert main(PAIR) == 0


def test_json_has_the_fields_of_the_proto_with_their_defaults(gateway, capsys):
    gateway.answers = [service_pb2.RecommendPairResponse(release_version=7, unknown_members=["196"])]
    assert main([*PAIR, "--json", "--address", gateway.address]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert set(printed) == set(service_pb2.RecommendPairResponse.DESCRIPTOR.fields_by_name)
    assert printed["unknown_members"] == ["196"]
    assert printed["source"] == "SOURCE_UNSPECIFIED"
    assert printed["recommendations"] == []


def test_every_bad_field_is_a_line_that_names_its_flag(gateway, failure, capsys):
    gateway.answers = [
        failure(
            grpc.StatusCode.INVALID_ARGUMENT,
            "2 fields are bad",
            first_weight="1.5 is not within 0 to 1",
            second__user_id="is the same as first.user_id",
            first="is missing",
            shoe_size="is new",
            **{
                "first__history[3]__rating": "is 9",
                "filter__genres[0]": "is none",
                "second__genre_ratings[War]": "is 9",
            },
        )
    ]
    assert main([*PAIR, "--address", gateway.address]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "pairrec: --first-weight: 1.5 is not within 0 to 1",
        "pairrec: --second: is the same as --first",
        "pairrec: --first: is missing",
        "pairrec: shoe_size: is new",
        "pairrec: --first-rated #4: is 9",
        "pairrec: --genres #1: is none",
        "pairrec: --second-tastes War: is 9",
    ]


def test_what_is_not_there_is_the_callers_fault(gateway, failure, capsys):
    gateway.answers = [failure(grpc.StatusCode.NOT_FOUND, "nobody is called 7")]
    assert main(["rated", "--user", "7", "--share-history", "--address", gateway.address]) == 2
    assert capsys.readouterr().err == "pairrec: nobody is called 7 (NOT_FOUND)\n"


def test_the_gateways_own_words_are_said(gateway, failure, capsys):
    gateway.answers = [failure(grpc.StatusCode.UNAVAILABLE, "no release is ready")]
    assert main([*PAIR, "--address", gateway.address]) == 1
    assert capsys.readouterr().err == "pairrec: no release is ready (UNAVAILABLE)\n"


def test_a_missing_server_is_named_with_the_way_to_start_one(closed_port, capsys):
    assert main([*PAIR, "--address", f"localhost:{closed_port}"]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"pairrec: no gateway answers at localhost:{closed_port}: ")
    assert "make serve" in error


def test_another_service_at_the_address_is_no_traceback(gateway, capsys):
    assert main(["release", "--address", gateway.address]) == 1  # the script knows no GetRelease
    assert f"{gateway.address} answered UNIMPLEMENTED" in capsys.readouterr().err


def test_a_server_that_does_not_answer_in_time_is_said(capsys):
    with socket.create_server(("localhost", 0)) as silent:
        address = f"localhost:{silent.getsockname()[1]}"
        assert main([*PAIR, "--timeout", "0.2", "--address", address]) == 1
    assert "--timeout" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        ["--first-weight", "much"],
        ["--objective", "sleep"],
        ["--top", str(2**40)],
        ["--first", "\udcff"],
        ["--timeout", "nan"],
        ["--timeout", "-1"],
        ["--nonsense"],
        ["--first-likes", " "],
        ["--first-likes", "x" * 129],
        ["--first-rated", "Fargo"],
        ["--first-rated", "Fargo=four"],
        ["--first-tastes", "=4"],
    ],
)
def test_bad_usage_is_exit_status_2_before_anything_is_asked(flags, closed_port, capsys):
    with pytest.raises(SystemExit) as caught:
        main([*PAIR, *flags, "--address", f"localhost:{closed_port}"])
    assert caught.value.code == 2
    assert "pairrec" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_helps(arguments, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "pairrec" in capsys.readouterr().out


def test_the_command_never_imports_tensorflow():
    script = "import sys, server.client.cli; print([m for m in sys.modules if m.startswith('tensorflow')])"
    assert subprocess.check_output([sys.executable, "-c", script], text=True) == "[]\n"
