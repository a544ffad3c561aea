"""The error table of TensorFlow Serving, row by row."""

import grpc
import pytest
from tensorflow_serving.apis.get_model_metadata_pb2 import GetModelMetadataRequest
from tensorflow_serving.apis.get_model_status_pb2 import GetModelStatusRequest
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from tests.conformance.tiny_models import MODEL, predict_request

Code = grpc.StatusCode
A, B = [1.0], [2.0]


def adding(**changes: object) -> PredictRequest:
    """A good request to the default signature, with changed model_spec fields."""
    request = predict_request(a=A, b=B)
    version = changes.pop("version", None)
    if version is not None:
        request.model_spec.version.value = version
    for name, value in changes.items():
        setattr(request.model_spec, name, value)
    return request


def filtered(*aliases: str) -> PredictRequest:
    request = adding()
    request.output_filter.extend(aliases)
    return request


def undecodable() -> PredictRequest:
    request = adding()
    request.inputs["a"].tensor_content = b"123"
    return request


def shapeless() -> PredictRequest:
    request = adding()
    request.inputs["a"].tensor_shape.dim[0].size = -1
    return request


def about(kind: type, name: str = MODEL, version: int | None = None, **fields: object) -> object:
    request = kind(**fields)
    request.model_spec.name = name
    if version is not None:
        request.model_spec.version.value = version
    return request


def metadata(name: str = MODEL, version: int | None = None, fields: tuple[str, ...] = ("signature_def",)):
    return about(GetModelMetadataRequest, name, version, metadata_field=fields)


def status(name: str = MODEL, version: int | None = None) -> object:
    return about(GetModelStatusRequest, name, version)


ROWS = {
    "E1-predict": (PredictRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
    "E1-metadata": (GetModelMetadataRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
    "E1-status": (GetModelStatusRequest(), Code.INVALID_ARGUMENT, "Missing ModelSpec"),
    "E2-predict": (adding(name=""), Code.INVALID_ARGUMENT, "ModelSpec has no name specified."),
    "E2-metadata": (metadata(""), Code.INVALID_ARGUMENT, "ModelSpec has no name specified."),
    "E3-predict": (
        adding(name="no"),
        Code.NOT_FOUND,
        "Servable not found for request: Latest(no)",
    ),
    "E3-metadata": (metadata("no"), Code.NOT_FOUND, "Servable not found for request: Latest(no)"),
    "E4-predict": (
        adding(version=2),
        Code.NOT_FOUND,
        f"Servable not found for request: Specific({MODEL}, 2)",
    ),
    "E4-unknown-model": (
        adding(name="no", version=0),
        Code.NOT_FOUND,
        "Servable not found for request: Specific(no, 0)",
    ),
    "E4-metadata": (
        metadata(version=2),
        Code.NOT_FOUND,
        f"Servable not found for request: Specific({MODEL}, 2)",
    ),
    "E5": (
        adding(version_label="canary"),
        Code.INVALID_ARGUMENT,
        "Unrecognized servable version label: canary",
    ),
    "E5-unknown-model": (
        adding(name="no", version_label="canary"),
        Code.INVALID_ARGUMENT,
        "Unrecognized servable version label: canary",
    ),
    "E6": (
        adding(signature_name="no"),
        Code.FAILED_PRECONDITION,
        'Serving signature key "no" not found.',
    ),
    "E7-missing": (
        predict_request(z=A),
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 1!=2 len({z}) != len({a,b}). "
        "Sent extra: {z}. Missing but required: {a,b}.",
    ),
    "E7-extra": (
        predict_request(b=B, a=A, c=A),
        Code.INVALID_ARGUMENT,
        "input size does not match signature: 3!=2 len({a,b,c}) != len({a,b}). "
        "Sent extra: {c}. Missing but required: {}.",
    ),
    "E10": (undecodable(), Code.INVALID_ARGUMENT, "tensor parsing error: a"),
    "E10-shape": (shapeless(), Code.INVALID_ARGUMENT, "tensor parsing error: a"),
    "E11": (
        predict_request(a=[b"text"], b=[b"text"]),
        Code.INVALID_ARGUMENT,
        "Expects arg[0] to be float but string is provided",
    ),
    "E14": (filtered("sum", "sum"), Code.INVALID_ARGUMENT, "duplicate output tensor alias: sum"),
    "M1": (
        metadata(fields=()),
        Code.INVALID_ARGUMENT,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "M1-before-name": (
        metadata("", fields=()),
        Code.INVALID_ARGUMENT,
        "GetModelMetadataRequest must specify at least one metadata_field",
    ),
    "M2": (
        metadata(fields=("signature_def", "assets")),
        Code.INVALID_ARGUMENT,
        "Metadata field assets is not supported",
    ),
    "S1": (status("no"), Code.NOT_FOUND, "Could not find any versions of model no"),
    "S2": (status(version=2), Code.NOT_FOUND, f"Could not find version 2 of model {MODEL}"),
    "S2-unknown-model": (status("no", 2), Code.NOT_FOUND, "Could not find version 2 of model no"),
}

BEGINNINGS = {
    "E8": (
        predict_request(a=A, z=B),
        "Signature input alias: b(feed name: serving_default_b:0) not found in request and no default value provided.",
    ),
    "E13": (filtered("sum", "no"), "output tensor alias not found in signature: no"),
    "E12": (predict_request(a=[1.0, 2.0], b=[1.0, 2.0, 3.0]), "Incompatible shapes: [2] vs. [3]"),
}


def fail(client, request) -> grpc.RpcError:
    methods = {
        PredictRequest: client.prediction.Predict,
        GetModelMetadataRequest: client.prediction.GetModelMetadata,
        GetModelStatusRequest: client.model.GetModelStatus,
    }
    with pytest.raises(grpc.RpcError) as failure:
        methods[type(request)](request, timeout=60)
    return failure.value


@pytest.mark.parametrize("row", ROWS)
def test_row_of_the_error_table(client, row):
    request, code, message = ROWS[row]
    error = fail(client, request)
    assert (error.code(), error.details()) == (code, message)


@pytest.mark.parametrize("row", BEGINNINGS)
def test_row_that_fixes_only_the_beginning(client, row):
    request, beginning = BEGINNINGS[row]
    error = fail(client, request)
    assert error.code() == Code.INVALID_ARGUMENT
    assert error.details().startswith(beginning)


def test_wrong_shape_that_broadcasts_is_answered(client):
    """E12: shapes are the graph's business."""
    assert client.predict(predict_request(a=[1.0, 2.0], b=[10.0])).outputs["sum"].float_val == [111, 112]


def test_label_is_ignored_by_status(client):
    """S3."""
    request = GetModelStatusRequest()
    request.model_spec.name = MODEL
    request.model_spec.version_label = "canary"
    assert [each.version for each in client.model.GetModelStatus(request).model_version_status] == [3, 1]


def test_checks_come_in_order(client):
    """Everything is wrong; each repair shows the next fault."""
    request = predict_request("", "no", z=A)
    request.model_spec.version_label = "canary"
    request.output_filter.append("no")
    shown = [fail(client, request).details().split(":")[0]]
    repairs = [
        lambda: setattr(request.model_spec, "name", "no"),
        lambda: setattr(request.model_spec.version, "value", 9),
        lambda: setattr(request.model_spec, "name", MODEL),
        lambda: setattr(request.model_spec.version, "value", 1),
        lambda: setattr(request.model_spec, "signature_name", ""),
        lambda: request.inputs["b"].CopyFrom(adding().inputs["b"]),
        lambda: request.inputs.pop("z") and request.inputs["a"].CopyFrom(undecodable().inputs["a"]),
        lambda: request.inputs["a"].CopyFrom(adding().inputs["a"]),
    ]
    for repair in repairs:
        repair()
        shown.append(fail(client, request).details().split(":")[0])
    assert shown == [
        "ModelSpec has no name specified.",
        "Unrecognized servable version label",
        "Servable not found for request",
        "Servable not found for request",
        'Serving signature key "no" not found.',
        "input size does not match signature",
        "Signature input alias",
        "tensor parsing error",
        "output tensor alias not found in signature",
    ]


def test_deadline_ends_the_run_itself(client, models_folder):
    """E15: were the graphs to run on, forty of them would leave no room for the last request."""
    endless = predict_request(signature="wait", gate=str(models_folder / "never"))
    calls = [client.prediction.Predict.future(endless, timeout=1) for _ in range(40)]
    assert {call.code() for call in calls} == {Code.DEADLINE_EXCEEDED}
    assert client.predict(adding()).outputs["sum"].float_val == [103]


def test_long_message_is_cut(client):
    error = fail(client, filtered("x" * 2000))
    assert len(error.details()) == 1024 + len("...TRUNCATED")
    assert error.details().endswith("x...TRUNCATED")
