"""Where the stand-in does more than the contract asks: what is broken or missing stops nothing else."""

import shutil
import time

import grpc
import pytest

from tests.conformance.client import eventually, failure
from tests.conformance.tiny_models import MODEL, save_warmup


def add_broken_version(base_path, number: int) -> None:
    (base_path / f"{number}").mkdir()
    (base_path / f"{number}" / "saved_model.pb").write_bytes(b"half a mod")


def state(client, version: int) -> str:
    return client.states().get(version, ("", ""))[0]


def test_version_in_use_is_unloading_until_its_last_request_is_done(start, base_path, add_version, tmp_path):
    add_version(1)
    client = start()
    waiting = client.waiting(tmp_path / "gate")
    add_version(2)
    eventually(lambda: state(client, 1) == "UNLOADING")
    assert client.answering_version() == 2
    (tmp_path / "gate").touch()
    assert waiting.result(timeout=60).model_spec.version.value == 1
    eventually(lambda: state(client, 1) == "END")


def test_broken_version_at_start_does_not_keep_the_port_closed(start, base_path, add_version):
    add_version(1)
    add_broken_version(base_path, 2)
    client = start(max_num_load_retries=0)
    assert state(client, 2) == "END"
    assert "saved_model.pb" in client.states()[2][1]
    eventually(lambda: state(client, 1) == "")  # the policy wants the latest only: 2


def test_failed_version_is_tried_again_after_the_interval(start, base_path, saved):
    add_broken_version(base_path, 1)
    client = start(load_retry_interval_micros=100_000, max_num_load_retries=1_000_000)
    shutil.copytree(saved, base_path / "1", dirs_exist_ok=True)
    eventually(lambda: client.states() == {1: ("AVAILABLE", "")})


def test_failed_version_is_not_tried_for_ever(start, base_path, add_version, caplog):
    caplog.set_level("ERROR", "server.embedded")
    add_broken_version(base_path, 1)
    client = start(load_retry_interval_micros=0, max_num_load_retries=2)
    eventually(lambda: len(caplog.records) == 3)
    add_version(2)  # a later look than the last try
    eventually(lambda: state(client, 2) == "AVAILABLE")
    assert [record.message.split(": ")[0] for record in caplog.records] == [f"{MODEL} version 1"] * 3


def test_failed_version_that_was_replaced_is_tried_again(start, base_path, add_version, caplog):
    add_broken_version(base_path, 1)
    client = start(max_num_load_retries=0)
    caplog.set_level("WARNING", "server.embedded")
    shutil.rmtree(base_path / "1")
    eventually(lambda: "no version that is asked for" in caplog.text)
    add_version(1)
    eventually(lambda: client.states() == {1: ("AVAILABLE", "")})


def test_emptied_folder_unloads_everything(start, base_path, add_version):
    add_version(1)
    client = start()
    shutil.rmtree(base_path / "1")
    eventually(lambda: state(client, 1) == "END")
    assert failure(client.answering_version)[1] == f"Servable not found for request: Latest({MODEL})"


def test_removed_version_that_returns_is_loaded_again(start, base_path, add_version):
    add_version(1)
    add_version(2)
    client = start()
    shutil.rmtree(base_path / "2")
    eventually(lambda: client.states() == {2: ("END", ""), 1: ("AVAILABLE", "")})
    add_version(2)
    eventually(lambda: client.states() == {2: ("AVAILABLE", ""), 1: ("END", "")})


def test_version_that_returns_while_in_use_is_loaded_once_it_is_free(start, base_path, add_version, tmp_path):
    add_version(1)
    client = start()
    waiting = client.waiting(tmp_path / "gate")
    shutil.rmtree(base_path / "1")
    eventually(lambda: state(client, 1) == "UNLOADING")
    add_version(1)
    time.sleep(0.5)  # many looks
    assert state(client, 1) == "UNLOADING"
    (tmp_path / "gate").touch()
    assert waiting.result(timeout=60).model_spec.version.value == 1
    eventually(lambda: state(client, 1) == "AVAILABLE")


def test_missing_base_path_leaves_what_is_served(start, base_path, add_version, caplog):
    add_version(1)
    client = start()
    caplog.set_level("WARNING", "server.embedded")
    base_path.rename(base_path.with_name("elsewhere"))
    eventually(lambda: "what is loaded stays" in caplog.text)
    assert client.answering_version() == 1
    base_path.with_name("elsewhere").rename(base_path)
    add_version(2)
    eventually(lambda: client.answering_version() == 2)


def test_one_missing_base_path_does_not_stop_the_polling_of_others(start, base_path, add_version, tmp_path):
    config = tmp_path / "models.config"
    models = (("absent", tmp_path / "absent"), (MODEL, base_path))
    entries = "".join(f'config {{ name: "{n}" base_path: "{p}" model_platform: "tensorflow" }}' for n, p in models)
    config.write_text(f"model_config_list {{ {entries} }}")
    client = start(model_config_file=str(config))
    add_version(1)
    eventually(lambda: _served(client))
    with pytest.raises(grpc.RpcError, match="Could not find any versions of model absent"):
        client.states("absent")


def _served(client) -> bool:
    try:
        return client.answering_version() == 1
    except grpc.RpcError:
        return False


def test_damaged_warmup_file_fails_the_load(start, add_version):
    version = add_version(1)
    save_warmup(version, [])
    (version / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no TFRecord at all")
    assert start().states()[1][0] == "END"
