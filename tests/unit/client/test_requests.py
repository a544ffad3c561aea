"""What the flags of each command ask for."""

import io
import json

import grpc
import pytest
from pairrec.v1 import pair_recommendation_service_pb2 as service_pb2

from server.client.cli import main
from server.client.commands import COMMANDS
from tests.unit.client.conftest import METHODS

KNOWN = service_pb2.ListPopularMoviesResponse()  # names no id as unknown
FOUND = service_pb2.SearchMoviesResponse()
RELEASE = service_pb2.GetReleaseResponse(release={"rating_max": 5})
FILTER_FLAGS = "--genres Comedy War --not-genres Drama --from-year 1960 --to-year 1970 --not-movies 9 --min-ratings 20"
FILTER = {
    "genres": ["Comedy", "War"],
    "excluded_genres": ["Drama"],
    "min_year": 1960,
    "max_year": 1970,
    "excluded_movie_ids": ["9"],
    "min_rating_count": 20,
}
LIST_FLAGS = f"--top 3 --reasons --diversity 0.25 --no-fallback --validate-only {FILTER_FLAGS}"
LIST = {
    "objective": "OBJECTIVE_WATCH",
    "page_size": 3,
    "filter": FILTER,
    "with_reasons": True,
    "diversity": 0.25,
    "allow_fallback": False,
    "validate_only": True,
}
CASES = [
    (
        "pair --first 196 --first-rated 5=2.5 --first-likes 1 2 --second-tastes Comedy=5 War=1 --second-share-history "
        f"--first-weight 0 --include-watched second --page-token t {LIST_FLAGS}",
        service_pb2.RecommendPairRequest(
            first={
                "user_id": "196",
                "history": [
                    {"movie_id": "5", "rating": 2.5},
                    {"movie_id": "1", "rating": 5},
                    {"movie_id": "2", "rating": 5},
                ],
            },
            second={"genre_ratings": {"Comedy": 5, "War": 1}, "share_history": True},
            first_weight=0,
            strategy="STRATEGY_RANK_FUSION",
            include_watched="INCLUDE_WATCHED_BY_SECOND",
            page_token="t",
            **LIST,
        ),
    ),
    (
        f"recommend --user 196 --share-history --include-watched --page-token t {LIST_FLAGS}",
        service_pb2.RecommendRequest(
            member={"user_id": "196", "share_history": True},
            include_watched="INCLUDE_WATCHED_BY_FIRST",
            page_token="t",
            **LIST,
        ),
    ),
    (
        "predict 1 2 --likes 3",
        service_pb2.PredictRatingsRequest(
            member={"history": [{"movie_id": "3", "rating": 5}]}, movie_ids=["1", "2"], page_size=10
        ),
    ),
    ("predict --user 7", service_pb2.PredictRatingsRequest(member={"user_id": "7"}, page_size=10)),
    (
        "rated --user 7 --share-history --top 4",
        service_pb2.ListRatedMoviesRequest(user_id="7", share_history=True, page_size=4),
    ),
    ("similar 1 --top 4", service_pb2.FindSimilarMoviesRequest(movie_id="1", page_size=4)),
    (
        f"popular --order most-rated --min-stars 3.5 {FILTER_FLAGS}",
        service_pb2.ListPopularMoviesRequest(
            order_by="POPULAR_ORDER_MOST_RATED", min_mean_rating=3.5, filter=FILTER, page_size=10
        ),
    ),
    ("search heat", service_pb2.SearchMoviesRequest(query="heat", page_size=10)),
    ("release", service_pb2.GetReleaseRequest()),
]


def test_there_is_a_command_for_every_rpc():
    assert {"BatchRecommendPairs", *(command.rpc for command in COMMANDS.values())} == set(METHODS)


@pytest.mark.parametrize(("line", "request_"), CASES, ids=[line.split()[0] for line, _ in CASES])
def test_the_flags_become_the_request(gateway, line, request_):
    kind = type(request_).__name__.replace("Request", "Response")
    gateway.answers = [RELEASE, getattr(service_pb2, kind)(), KNOWN, FOUND]
    assert main([*line.split(), "--address", gateway.address]) == 0
    assert gateway.requests[-1] == request_


def test_every_field_of_a_request_has_a_flag():
    for name in ("pair", "recommend", "predict", "rated", "similar", "popular", "search"):
        command = COMMANDS[name]
        filled = {flag.path.split(".")[0] for flag in command.flags}
        missing = set(command.request.DESCRIPTOR.fields_by_name) - filled
        assert missing == ({"min_rating_count"} if name == "popular" else set())  # which the filter says too


def write(tmp_path, content: bytes):
    file = tmp_path / "pairs.csv"
    file.write_bytes(content)
    return str(file)


def answer(count: int) -> service_pb2.BatchRecommendPairsResponse:
    return service_pb2.BatchRecommendPairsResponse(results=[{"response": {"release_version": 7}}] * count)


def test_a_batch_has_a_request_a_line_with_the_flags_for_all(gateway, tmp_path):
    gateway.answers = [answer(3)]
    file = write(tmp_path, '\ufefffirst,second,first_weight\r\n1,zoë\r\n\r\n2, 3 ,0\n"a,b",4,1\n'.encode())
    flags = [
        "--strategy",
        "least-misery",
        "--first-weight",
        "0.7",
        "--top",
        "3",
        "--genres",
        "War",
        "--second-share-history",
    ]
    assert main(["batch", file, *flags, "--address", gateway.address]) == 0
    [batch] = gateway.requests
    assert [(each.first.user_id, each.second.user_id, each.first_weight) for each in batch.requests] == [
        ("1", "zoë", 0.7),
        ("2", "3", 0),
        ("a,b", "4", 1),
    ]
    assert {(each.first.share_history, each.second.share_history) for each in batch.requests} == {(False, True)}
    assert {(each.strategy, each.page_size, tuple(each.filter.genres)) for each in batch.requests} == {(3, 3, ("War",))}


def test_pairs_come_from_standard_input_where_no_file_is_named(gateway, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO("zoë,2\n".encode()), encoding="ascii"))
    gateway.answers = [answer(1)]
    assert main(["batch", "--address", gateway.address]) == 0
    assert gateway.requests[0].requests[0].first.user_id == "zoë"


def test_only_the_first_line_can_be_a_heading(gateway, tmp_path):
    gateway.answers = [answer(1)]
    assert main(["batch", write(tmp_path, b"first,second\nfirst,second\n"), "--address", gateway.address]) == 0
    assert gateway.requests[0].requests[0].first.user_id == "first"


def test_a_batch_has_the_deadline_it_is_given(gateway, tmp_path):
    gateway.answers = [answer(1)]
    assert main(["batch", write(tmp_path, b"1,2\n"), "--timeout", "300", "--address", gateway.address]) == 0
    assert gateway.remaining_seconds[0] > 200


def test_a_batch_of_any_length_has_all_its_lists(gateway, tmp_path, capsys):
    gateway.answers = [answer(50)]
    flags = ["--top", "100", "--json", "--address", gateway.address]
    assert main(["batch", write(tmp_path, b"1,2\n" * 1200), *flags]) == 0
    assert [len(batch.requests) for batch in gateway.requests] == [50] * 24
    assert len(capsys.readouterr().out.splitlines()) == 1200


def test_a_batch_is_a_line_of_json_a_pair_and_fails_if_one_did(gateway, tmp_path, failure, capsys):
    spoilt = answer(2)
    spoilt.results[1].error.CopyFrom(
        failure(grpc.StatusCode.INVALID_ARGUMENT, "bad", second__user_id="is the first too")
    )
    gateway.answers = [spoilt]
    assert main(["batch", write(tmp_path, b"1,2\n3,3\n"), "--json", "--address", gateway.address]) == 1
    printed, said = capsys.readouterr()
    good, bad = map(json.loads, printed.splitlines())
    assert good["response"]["release_version"] == "7"
    assert bad["error"]["details"][1]["field_violations"] == [
        {"field": "second.user_id", "description": "is the first too", "reason": ""}
    ]
    assert said == "pairrec: 1 of the pairs got no list\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"1,2\n3\n", "pairs.csv, line 2: must be first,second["),
        (b"1,2,0.5,8\n", "pairs.csv, line 1: must be"),
        (b"1,2\n\n1,2,much\n1\n", "pairs.csv, line 4: must be"),
        (b"\xff,2\n", "pairs.csv: is not CSV in UTF-8"),
        (b'"' + b"x" * 200_000, "pairs.csv: is not CSV in UTF-8"),
        (b"\n", "pairs.csv: has no pairs"),
    ],
)
def test_a_bad_file_is_named_before_anything_is_asked(gateway, tmp_path, capsys, content, said):
    with pytest.raises(SystemExit) as caught:
        main(["batch", write(tmp_path, content), "--address", gateway.address])
    assert caught.value.code == 2
    assert said in capsys.readouterr().err
    assert gateway.requests == []


def test_a_file_that_is_not_there_is_named(tmp_path, capsys):
    with pytest.raises(SystemExit) as caught:
        main(["batch", str(tmp_path / "none.csv")])
    assert caught.value.code == 2
    assert capsys.readouterr().err == f"pairrec: {tmp_path / 'none.csv'} cannot be read: No such file or directory\n"
