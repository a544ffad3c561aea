"""Versions come, go, break and warm up while the server runs."""

import shutil
import threading

import grpc
import pytest

from tests.integration.embedded.tiny_models import predict_request, save_tiny, save_warmup
from tests.integration.embedded.tiny_server import eventually


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """One saved model to copy."""
    return save_tiny(tmp_path_factory.mktemp("saved") / "1", addend=7.0)


def add_version(base_path, number: int, tiny) -> None:
    shutil.copytree(tiny, base_path / f"copy-{number}")
    (base_path / f"copy-{number}").rename(base_path / str(number))


def add_broken_version(base_path, number: int) -> None:
    (base_path / f"{number}").mkdir()
    (base_path / f"{number}" / "saved_model.pb").write_bytes(b"half a mod")


def answering_version(client) -> int:
    return client.predict(predict_request(a=[1.0], b=[2.0])).model_spec.version.value


def state(client, version: int) -> str:
    return client.states().get(version, ("", ""))[0]


def test_new_version_takes_over_without_a_failed_request(start, base_path, tiny):
    add_version(base_path, 1, tiny)
    client = start()
    answered, done = [], threading.Event()

    def ask() -> None:
        while not done.is_set():
            answered.append(answering_version(client))

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        eventually(lambda: 1 in answered)
        add_version(base_path, 2, tiny)
        eventually(lambda: 2 in answered)
        eventually(lambda: state(client, 1) == "END")
    finally:
        done.set()
        asker.join()
    assert answered == sorted(answered)
    assert client.states() == {2: ("AVAILABLE", ""), 1: ("END", "")}


def test_request_under_way_finishes_on_an_unloaded_version(start, base_path, tiny, tmp_path):
    add_version(base_path, 1, tiny)
    client = start()
    waiting = client.prediction.Predict.future(predict_request(signature="wait", gate=str(tmp_path / "gate")))
    eventually(waiting.running)
    assert answering_version(client) == 1  # sent after it, so it is under way too
    add_version(base_path, 2, tiny)
    eventually(lambda: state(client, 1) == "UNLOADING")
    assert answering_version(client) == 2
    assert not waiting.done()
    (tmp_path / "gate").touch()
    assert waiting.result(timeout=60).model_spec.version.value == 1
    eventually(lambda: state(client, 1) == "END")


def test_broken_version_is_shown_while_the_good_one_serves(start, base_path, tiny):
    add_version(base_path, 1, tiny)
    client = start()
    add_broken_version(base_path, 2)
    eventually(lambda: state(client, 2) == "END")
    assert "saved_model.pb" in client.states()[2][1]
    assert answering_version(client) == 1


def test_broken_version_at_start_does_not_keep_the_port_closed(start, base_path, tiny):
    add_version(base_path, 1, tiny)
    add_broken_version(base_path, 2)
    client = start(max_num_load_retries=0)
    assert state(client, 2) == "END"
    eventually(lambda: state(client, 1) == "")  # the policy wants the latest only: 2


def test_failed_version_is_tried_again_after_the_interval(start, base_path, tiny):
    add_broken_version(base_path, 1)
    client = start(load_retry_interval_micros=100_000)
    shutil.copytree(tiny, base_path / "1", dirs_exist_ok=True)
    eventually(lambda: client.states() == {1: ("AVAILABLE", "")})


def test_failed_version_is_not_tried_for_ever(start, base_path, tiny, caplog):
    caplog.set_level("ERROR", "server.embedded")
    add_broken_version(base_path, 1)
    client = start(load_retry_interval_micros=0, max_num_load_retries=2)
    eventually(lambda: len(caplog.records) == 3)
    add_version(base_path, 2, tiny)  # a later look than the last try
    eventually(lambda: state(client, 2) == "AVAILABLE")
    assert [record.message.split(":")[0] for record in caplog.records] == ["tiny version 1 failed to load"] * 3


def test_removed_version_is_unloaded_and_the_one_before_returns(start, base_path, tiny):
    add_version(base_path, 1, tiny)
    add_version(base_path, 2, tiny)
    client = start()
    assert list(client.states()) == [2]
    shutil.rmtree(base_path / "2")
    eventually(lambda: client.states() == {2: ("END", ""), 1: ("AVAILABLE", "")})
    add_version(base_path, 2, tiny)
    eventually(lambda: client.states() == {2: ("AVAILABLE", ""), 1: ("END", "")})


def test_emptied_folder_unloads_everything(start, base_path, tiny):
    add_version(base_path, 1, tiny)
    client = start()
    shutil.rmtree(base_path / "1")
    eventually(lambda: state(client, 1) == "END")
    with pytest.raises(grpc.RpcError) as failure:
        answering_version(client)
    assert failure.value.details() == "Servable not found for request: Latest(tiny)"


def test_missing_base_path_leaves_what_is_served(start, base_path, tiny, caplog):
    add_version(base_path, 1, tiny)
    client = start()
    caplog.set_level("WARNING", "server.embedded")
    base_path.rename(base_path.with_name("elsewhere"))
    eventually(lambda: "what is loaded stays" in caplog.text)
    assert answering_version(client) == 1
    base_path.with_name("elsewhere").rename(base_path)
    add_version(base_path, 2, tiny)
    eventually(lambda: answering_version(client) == 2)


def test_one_missing_base_path_does_not_stop_the_polling_of_others(start, base_path, tiny, tmp_path):
    config = tmp_path / "models.config"
    models = (("absent", tmp_path / "absent"), ("tiny", base_path))
    entries = "".join(f'config {{ name: "{n}" base_path: "{p}" model_platform: "tensorflow" }}' for n, p in models)
    config.write_text(f"model_config_list {{ {entries} }}")
    client = start(model_config_file=str(config))
    add_version(base_path, 1, tiny)
    eventually(lambda: _served(client))
    with pytest.raises(grpc.RpcError, match="Could not find any versions of model absent"):
        client.states("absent")


def _served(client) -> bool:
    try:
        return answering_version(client) == 1
    except grpc.RpcError:
        return False


def test_warmup_runs_before_the_version_is_available(start, base_path, tiny):
    """The graph counts its calls: two of warm-up, then the client's."""
    shutil.copytree(tiny, base_path / "1")
    save_warmup(base_path / "1", [predict_request(signature="count")] * 2)
    client = start()
    assert client.predict(predict_request(signature="count")).outputs["calls"].int64_val == [3]


def test_warmup_can_be_turned_off(start, base_path, tiny):
    shutil.copytree(tiny, base_path / "1")
    save_warmup(base_path / "1", [predict_request(signature="no")])
    client = start(enable_model_warmup=False)
    assert state(client, 1) == "AVAILABLE"


def test_failing_warmup_fails_the_load(start, base_path, tiny):
    shutil.copytree(tiny, base_path / "1")
    save_warmup(base_path / "1", [predict_request(signature="no")])
    assert start().states() == {1: ("END", 'Serving signature key "no" not found.')}


def test_too_many_warmup_records_fail_the_load(start, base_path, tiny):
    shutil.copytree(tiny, base_path / "1")
    save_warmup(base_path / "1", [predict_request(signature="count")] * 1001)
    message = start().states()[1][1]
    assert message.startswith("Number of warmup records exceeds the maximum (1000) at ")


def test_damaged_warmup_file_fails_the_load(start, base_path, tiny):
    shutil.copytree(tiny, base_path / "1")
    save_warmup(base_path / "1", [])
    (base_path / "1" / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no TFRecord at all")
    assert start().states()[1][0] == "END"
