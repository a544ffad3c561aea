"""What flags change in the answers."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis.classification_pb2 import ClassificationRequest
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from tests.conformance.client import connect, eventually, failure
from tests.conformance.tiny_models import MODEL, predict_request, save_warmup


def adding():
    return predict_request(a=[1.0, 2.0], b=[3.0, 1.0])


def test_outputs_are_content_where_the_flag_says_so(start, add_version):
    add_version(1)
    total = start(enable_serialization_as_tensor_content=True).predict(adding()).outputs["sum"]
    assert not total.float_val
    np.testing.assert_array_equal(tf.make_ndarray(total), [4, 3])


def health(address: str) -> health_pb2.HealthCheckResponse:
    with grpc.insecure_channel(address) as channel:
        return health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=60)


@pytest.mark.parametrize("enabled", [True, False])
def test_health_service_is_there_only_where_the_flag_says_so(start, base_path, enabled):
    socket = f"unix:{base_path}/socket"
    start(enable_grpc_healthcheck_service=enabled, grpc_socket_path=f"{base_path}/socket")
    if enabled:
        assert health(socket).status == health_pb2.HealthCheckResponse.SERVING
    else:
        assert failure(lambda: health(socket))[0] == grpc.StatusCode.UNIMPLEMENTED


def test_unix_socket_answers_too(start, add_version, base_path):
    add_version(1)
    start(grpc_socket_path=str(base_path / "socket"))
    with connect(f"unix:{base_path}/socket") as client:
        assert client.predict(adding()).outputs["sum"].float_val == [4, 3]


def test_classify_is_unimplemented(start, base_path):
    code, _ = failure(lambda: start().prediction.Classify(ClassificationRequest()))
    assert code == grpc.StatusCode.UNIMPLEMENTED


def test_warmup_can_be_turned_off(start, add_version):
    save_warmup(add_version(1), [predict_request(signature="no")])
    assert start(enable_model_warmup=False).states() == {1: ("AVAILABLE", "")}


def labelled(tmp_path, base_path, version: int) -> str:
    config = tmp_path / "models.config"
    config.write_text(
        f'model_config_list {{ config {{ name: "{MODEL}" base_path: "{base_path}" model_platform: "tensorflow" '
        f'model_version_policy {{ all {{}} }} version_labels {{ key: "stable" value: {version} }} }} }}'
    )
    return str(config)


def test_label_in_the_file_needs_the_flag(start, add_version, tmp_path, base_path):
    add_version(1)
    config = labelled(tmp_path, base_path, 1)
    with pytest.raises(tf.errors.FailedPreconditionError, match="not currently available"):
        start(model_config_file=config)
    client = start(model_config_file=config, allow_version_labels_for_unavailable_models=True)
    assert client.answering_version(version_label="stable") == 1


def test_early_label_answers_once_its_version_is_there(start, add_version, tmp_path, base_path):
    add_version(1)
    config = labelled(tmp_path, base_path, 2)
    client = start(model_config_file=config, allow_version_labels_for_unavailable_models=True)
    _, message = failure(lambda: client.answering_version(version_label="stable"))
    assert message == f"Servable not found for request: Specific({MODEL}, 2)"
    add_version(2)
    eventually(lambda: client.states().get(2) == ("AVAILABLE", ""))
    assert client.answering_version(version_label="stable") == 2


def config_of(base_path, **labels: int) -> ModelConfig:
    return ModelConfig(name=MODEL, base_path=str(base_path), model_platform="tensorflow", version_labels=labels)


def test_label_in_use_cannot_go_to_a_version_that_is_not_there(start, add_version, base_path):
    """Even with the flag: requests under that label would fail."""
    add_version(1)
    client = start(allow_version_labels_for_unavailable_models=True)
    client.reload(config_of(base_path, stable=1))
    code, _ = failure(lambda: client.reload(config_of(base_path, stable=2)))
    assert code == grpc.StatusCode.FAILED_PRECONDITION
    assert client.answering_version(version_label="stable") == 1


def test_folder_is_looked_at_once_and_after_each_reload_where_polling_is_off(start, add_version, base_path):
    add_version(1)
    client = start(file_system_poll_wait_seconds=0.0)
    add_version(2)
    assert client.states() == {1: ("AVAILABLE", "")}
    client.reload(config_of(base_path))
    eventually(lambda: client.states() == {2: ("AVAILABLE", ""), 1: ("END", "")})
