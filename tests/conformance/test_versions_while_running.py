"""Versions come, go, break and warm up while the server runs."""

import shutil
import threading

import grpc

from tests.conformance.client import eventually, failure
from tests.conformance.tiny_models import predict_request, save_warmup


def test_new_version_takes_over_without_a_failed_request(own):
    own.add(1)
    own.serve()
    answered, done = [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            answered.append(own.answering_version())

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        eventually(lambda: 1 in answered)
        own.add(2)
        eventually(lambda: 2 in answered)
        eventually(lambda: own.state(1) == "END")
    finally:
        done.set()
        asker.join()
    assert answered == sorted(answered)
    assert own.client.states(own.name) == {2: ("AVAILABLE", ""), 1: ("END", "")}


def test_request_under_way_finishes_on_the_version_it_began_with(own):
    own.add(1)
    own.serve()
    gate = own.base_path / "gate"
    waiting = own.client.waiting(gate, own.name)
    own.add(2)
    eventually(lambda: own.answering_version() == 2)
    assert not waiting.done()
    gate.touch()
    assert waiting.result(timeout=60).model_spec.version.value == 1
    eventually(lambda: own.state(1) == "END")


def test_broken_version_is_shown_while_the_good_one_serves(own):
    own.add(1)
    own.serve()
    own.add_broken(2)
    eventually(lambda: own.state(2) == "END")
    assert own.client.states(own.name)[2][1]
    assert own.answering_version() == 1


def test_removed_version_is_unloaded_and_the_one_before_returns(own):
    for number in (1, 2):
        own.add(number)
    own.serve()
    assert list(own.client.states(own.name)) == [2]
    shutil.rmtree(own.base_path / "2")
    eventually(lambda: own.client.states(own.name) == {2: ("END", ""), 1: ("AVAILABLE", "")})


def test_warmup_runs_before_the_version_is_available(own):
    """The graph counts its calls: two of warm-up, then the client's."""
    save_warmup(own.add(1), [predict_request(signature="count")] * 2)
    own.serve()
    answer = own.client.predict(predict_request(own.name, "count"))
    assert answer.outputs["calls"].int64_val == [3]


def test_failing_warmup_fails_the_load(own):
    save_warmup(own.add(1), [predict_request(signature="no")])
    assert failure(own.serve)[0] == grpc.StatusCode.UNKNOWN
    assert own.client.states(own.name) == {1: ("END", 'Serving signature key "no" not found.')}


def test_too_many_warmup_records_fail_the_load(own):
    save_warmup(own.add(1), [predict_request(signature="count")] * 1001)
    failure(own.serve)
    message = own.client.states(own.name)[1][1]
    assert message.startswith("Number of warmup records exceeds the maximum (1000) at ")
