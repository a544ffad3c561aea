"""What a folder of releases says is served where no gateway answers."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import grpc
import pytest
from google.rpc import status_pb2
from grpc_status import rpc_status
from pairrec.v1 import pair_recommendation_service_pb2_grpc as service_grpc

from tests.unit.trainer.release.folders import GOOD, NOWHERE, add_release
from trainer.release import served as asking
from trainer.release.served import (
    NoGatewayError,
    NothingServedError,
    UnclearAnswerError,
    ask,
    what_answers,
    what_is_served,
)


@pytest.fixture
def root(tmp_path):
    add_release(tmp_path, 1)
    add_release(tmp_path, 2)
    return tmp_path


def test_nobody_at_the_address_is_said(root):
    with pytest.raises(NoGatewayError, match=f"no gateway answers at {NOWHERE}"):
        ask(root, NOWHERE)


class Answering(service_grpc.PairRecommendationServiceServicer):
    """Answers GetRelease with one error each time, or not before it is told to end."""

    def __init__(self, code):
        self.code, self.num_asked, self.over = code, 0, Event()

    def GetRelease(self, request, context):  # noqa: N802 - the contract's name
        self.num_asked += 1
        if self.code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self.over.wait()
        status = status_pb2.Status(code=self.code.value[0], message="as a test says")
        context.abort_with_status(rpc_status.to_status(status))


@contextmanager
def answering(code):
    """A real server, its address and how often it was asked."""
    with ThreadPoolExecutor(8) as pool:
        server, servicer = grpc.server(pool), Answering(code)
        service_grpc.add_PairRecommendationServiceServicer_to_server(servicer, server)
        port = server.add_insecure_port("localhost:0")
        server.start()
        try:
            yield f"localhost:{port}", servicer
        finally:
            servicer.over.set()
            server.stop(None).wait()


@pytest.mark.parametrize(
    ("code", "times"),
    [
        (grpc.StatusCode.DEADLINE_EXCEEDED, 4),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, 4),
        (grpc.StatusCode.INTERNAL, 1),
    ],
)
def test_a_gateway_that_does_not_say_is_asked_again_if_busy_and_then_an_error(root, monkeypatch, code, times):
    monkeypatch.setattr(asking, "PAUSES", (0, 0, 0))
    # One that is never answered; the others take as long as they take.
    monkeypatch.setattr(asking, "ASK_SECONDS", 0.2 if code is grpc.StatusCode.DEADLINE_EXCEEDED else 60)
    says = rf"the gateway at localhost:\d+ does not say what is served \({code.name}, .*\); try again"
    with answering(code) as (address, servicer), pytest.raises(UnclearAnswerError, match=says):
        what_is_served(root, address)
    # What a busy machine brings too late may never reach the servicer.
    assert servicer.num_asked == times or code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_gateway_that_serves_nothing_is_believed_but_what_it_would_serve_is_known(root):
    with answering(grpc.StatusCode.UNAVAILABLE) as (address, _):
        with pytest.raises(NothingServedError, match="says: as a test says"):
            ask(root, address)
        assert what_is_served(root, address).version == 2
        answers = what_answers(root, address)
    assert (answers.version, answers.skipped) == (None, {2: f"the gateway at {address} says: as a test says"})


def test_the_newest_whole_release_would_be_served(root):
    served = what_is_served(root, NOWHERE)
    assert (served.version, served.metrics, served.skipped) == (2, GOOD, {})
    assert served.said_by == f"{root}, as no gateway answers at {NOWHERE}"


def test_the_pinned_release_would_be_served(root):
    (root / "PINNED").write_text("1\n")
    served = what_is_served(root, NOWHERE)
    assert (served.version, served.skipped) == (1, {2: "release 1 is pinned"})


@pytest.mark.parametrize(
    ("removed", "reason"),
    [
        ("movie_index", "movie_index/2/saved_model.pb is missing"),
        ("movie_index/2/saved_model.pb", "movie_index/2/saved_model.pb is missing"),
        ("catalog/2", "catalog/2/release.json is missing: its export is under way, or was stopped"),
        ("catalog/2/popularity.arrow", "popularity.arrow cannot be read: "),
    ],
)
def test_a_release_that_is_not_whole_is_passed_over_with_the_reason(root, removed, reason):
    path = root / removed
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    (root / "movie_index" / "1").mkdir(parents=True, exist_ok=True)
    (root / "movie_index" / "1" / "saved_model.pb").touch()
    served = what_is_served(root, NOWHERE)
    assert served.version == 1
    assert served.skipped[2].startswith(reason)


@pytest.mark.parametrize("content", ["", '{"format": 1', "[]", '{"format": 1}'])
def test_a_release_json_that_is_none_is_no_hindrance(root, content):
    (root / "catalog" / "2" / "release.json").write_text(content)
    served = what_is_served(root, NOWHERE)
    assert served.version == 1
    assert served.skipped[2].startswith("release.json")


def test_an_unclear_pin_serves_nothing(root):
    (root / "PINNED").write_text("the good one")
    served = what_is_served(root, NOWHERE)
    assert served.version is None
    assert served.skipped[2].startswith("PINNED holds 'the good one'")


def test_a_folder_that_is_not_there_serves_nothing(tmp_path):
    assert what_is_served(tmp_path / "none", NOWHERE).version is None
