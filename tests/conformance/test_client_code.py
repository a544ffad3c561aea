"""Client code as one writes it against TensorFlow Serving: a process, its flags, and the plain stubs.

Runs `tensorflow_model_server` where that is on PATH, else the stand-in; skipped where --target names a server.
"""

import shutil
import socket
import subprocess
import sys
import time

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from tests.conformance.tiny_models import save_tiny

RPC_TIMEOUT = 30.0
BINARY = shutil.which("tensorflow_model_server")
COMMAND = [BINARY] if BINARY else [sys.executable, "-m", "server.embedded"]
CONFIG = 'model_config_list {{ config {{ name: "adder" base_path: "{}" model_platform: "tensorflow" {} }} }}'
LABELS = 'model_version_policy {{ all {{}} }} version_labels {{ key: "stable" value: {} }}'


@pytest.fixture(scope="module", autouse=True)
def _no_target(request):
    if request.config.getoption("--target", default=None):
        pytest.skip("starts a server of its own")


def pick_unused_port() -> int:
    with socket.create_server(("localhost", 0)) as unused:
        return unused.getsockname()[1]


def wait_for_server_ready(address: str) -> None:
    """A Predict for a model that cannot exist is answered with "Servable" in its text."""
    for _ in range(60):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "intentionally_missing_model"
        try:
            with grpc.insecure_channel(address) as channel:
                prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(request, timeout=RPC_TIMEOUT)
        except grpc.RpcError as error:
            if "Servable" in error.details():
                return
        time.sleep(0.5)
    pytest.fail("the server was not ready within a minute")


@pytest.fixture(scope="module")
def base_path(tmp_path_factory):
    base_path = tmp_path_factory.mktemp("client_code") / "adder"
    save_tiny(base_path / "1")
    save_tiny(base_path / "2", addend=100.0)
    return base_path


@pytest.fixture(scope="module")
def server(base_path):
    """A server of the versions 1 and 2; its port and its socket."""
    config, unix_socket = base_path.parent / "models.config", base_path.parent / "grpc.sock"
    config.write_text(CONFIG.format(base_path, "model_version_policy { all {} }"))
    port = pick_unused_port()
    flags = [f"--port={port}", f"--model_config_file={config}", f"--grpc_socket_path={unix_socket}"]
    flags += ["--rest_api_timeout_in_ms=5000", "--enable_batching=false", "--tensorflow_session_parallelism=2"]
    with subprocess.Popen([*COMMAND, *flags]) as process:
        try:
            wait_for_server_ready(f"localhost:{port}")
            yield f"localhost:{port}", f"unix:{unix_socket}"
        finally:
            process.kill()


@pytest.fixture
def prediction(server):
    with grpc.insecure_channel(server[0]) as channel:
        yield prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture
def model_service(server):
    with grpc.insecure_channel(server[0]) as channel:
        yield model_service_pb2_grpc.ModelServiceStub(channel)


def adder_request():
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "adder"
    request.inputs["a"].CopyFrom(tf.make_tensor_proto([2.0], shape=[1]))
    request.inputs["b"].dtype = tf.float32.as_datatype_enum
    request.inputs["b"].float_val.append(3.0)
    request.inputs["b"].tensor_shape.dim.add().size = 1
    request.output_filter.append("sum")
    return request


def test_predict(prediction):
    result = prediction.Predict(adder_request(), RPC_TIMEOUT)
    assert list(result.outputs) == ["sum"]
    assert result.outputs["sum"].dtype == tf.float32.as_datatype_enum
    assert result.outputs["sum"].float_val == [105.0]
    spec = result.model_spec
    assert (spec.name, spec.signature_name, spec.version.value) == ("adder", "serving_default", 2)


def test_predict_on_the_unix_socket(server):
    with grpc.insecure_channel(server[1]) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        assert stub.Predict(adder_request(), RPC_TIMEOUT).outputs["sum"].float_val == [105.0]


def test_get_model_metadata(prediction):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "adder"
    request.metadata_field.append("signature_def")
    result = prediction.GetModelMetadata(request, RPC_TIMEOUT)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    signatures.ParseFromString(result.metadata["signature_def"].value)
    signature = signatures.signature_def["serving_default"]
    assert signature.method_name == "tensorflow/serving/predict"
    assert {name: info.dtype for name, info in signature.inputs.items()} == {"a": 1, "b": 1}


def test_get_model_status(model_service):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "adder"
    statuses = model_service.GetModelStatus(request, RPC_TIMEOUT).model_version_status
    assert [(each.version, each.state, each.status.error_code) for each in statuses] == [(2, 30, 0), (1, 30, 0)]


def test_reload_config_assigns_labels(prediction, model_service, base_path):
    request, adder = model_management_pb2.ReloadConfigRequest(), adder_request()
    adder.model_spec.version_label = "stable"
    for version, total in ((1, 5.0), (2, 105.0)):
        config = text_format.Parse(
            CONFIG.format(base_path, LABELS.format(version)), model_server_config_pb2.ModelServerConfig()
        )
        request.config.CopyFrom(config)
        assert model_service.HandleReloadConfigRequest(request, RPC_TIMEOUT).status.error_code == 0
        assert prediction.Predict(adder, RPC_TIMEOUT).outputs["sum"].float_val == [total]


def test_bad_model_config_ends_the_process(tmp_path):
    """R10."""
    (tmp_path / "bad.config").write_text("model_config_list { config { nam: 'adder' } }")
    flags = [f"--port={pick_unused_port()}", f"--model_config_file={tmp_path}/bad.config"]
    done = subprocess.run([*COMMAND, *flags], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "Error parsing text-format tensorflow.serving.ModelServerConfig" in done.stderr
