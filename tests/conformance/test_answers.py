"""What success looks like: Predict, metadata, status."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest, SignatureDefMap
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.prediction_service_pb2_grpc import PredictionServiceStub

from tests.conformance.tiny_models import MODEL, predict_request, save_parser


def adding(version: int | None = None):
    request = predict_request(a=[1.0, 2.0], b=[3.0, 1.0])
    if version:
        request.model_spec.version.value = version
    return request


@pytest.mark.parametrize(("asked", "answered", "sums"), [(None, 3, [104, 103]), (1, 1, [4, 3])])
def test_version_asked_for_answers_and_the_highest_by_default(client, asked, answered, sums):
    response = client.predict(adding(asked))
    assert response.outputs["sum"].float_val == sums
    assert response.model_spec.version.value == answered


def test_answer_names_model_and_signature(client):
    spec = client.predict(adding()).model_spec
    assert (spec.name, spec.signature_name) == (MODEL, "serving_default")


def test_outputs_are_typed_fields(client):
    outputs = client.predict(adding()).outputs
    assert outputs["larger"].bool_val == [False, True]
    assert not any(tensor.tensor_content for tensor in outputs.values())


def test_strings_and_integers_pass(client):
    outputs = client.predict(predict_request(signature="look_up", name=["bob", "zoë"])).outputs
    assert outputs["row"].int_val == [2, -1]
    assert outputs["upper"].string_val == [b"BOB", "ZOë".encode()]


def test_empty_batch_passes(client):
    total = client.predict(predict_request(a=np.zeros(0, np.float32), b=np.zeros(0, np.float32))).outputs["sum"]
    assert tf.make_ndarray(total).shape == (0,)


def test_one_value_stands_for_all(client):
    """As in every TensorProto: the last value fills the shape."""
    request = adding()
    del request.inputs["a"].float_val[:]
    request.inputs["a"].tensor_content = b""
    request.inputs["a"].float_val.append(5)
    assert client.predict(request).outputs["sum"].float_val == [108, 106]


def test_output_filter_prunes_the_run(client, own):
    """`number` would fail; it is not run when only `length` is wanted."""
    save_parser(own.base_path / "1")
    own.serve()
    request = predict_request(own.name, text=["four"])
    with pytest.raises(grpc.RpcError, match="StringToNumberOp could not correctly convert string: four"):
        client.predict(request)
    request.output_filter.append("length")
    outputs = client.predict(request).outputs
    assert set(outputs) == {"length"}
    assert outputs["length"].int_val == [4]


def test_answers_do_not_mix_when_asked_at_once(client):
    def ask(number: int) -> list[float]:
        return list(client.predict(predict_request(a=[float(number)], b=[0.0])).outputs["sum"].float_val)

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(400))) == [[number + 100] for number in range(400)]


def test_large_request_and_answer_pass(address):
    """Beyond gRPC's default bound of 4 MiB."""
    many = np.ones(3_000_000, np.float32)
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(address, options=options) as channel:
        response = PredictionServiceStub(channel).Predict(predict_request(a=many, b=many), timeout=60)
    assert len(response.outputs["sum"].float_val) == 3_000_000


def test_metadata_describes_every_signature(client):
    request = GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = MODEL
    response = client.prediction.GetModelMetadata(request)
    signatures = SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "look_up", "count"} <= set(signatures.signature_def)
    assert set(signatures.signature_def["serving_default"].inputs) == {"a", "b"}
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == (MODEL, 3, "")


def test_status_lists_versions_highest_first(client):
    assert list(client.states().items()) == [(3, ("AVAILABLE", "")), (1, ("AVAILABLE", ""))]


def test_status_of_one_version(client):
    request = GetModelStatusRequest()
    request.model_spec.name = MODEL
    request.model_spec.version.value = 1
    assert [each.version for each in client.model.GetModelStatus(request).model_version_status] == [1]
