"""Answers a PredictRequest from a loaded model, checked in TensorFlow Serving's order with its words."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from server.embedded.errors import failed_precondition, invalid
from server.saved_model import SavedModel

_TYPED_FIELDS = {"float32": "float_val", "float64": "double_val", "object": "string_val"}
_TYPED_FIELDS |= {dtype: f"{dtype}_val" for dtype in ("bool", "int64", "uint32", "uint64")}
_TYPED_FIELDS |= dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "int_val")
_MOST_WARMUP_RECORDS = 1000  # Source: TensorFlow Serving, WarmupConsts::kMaxNumRecords


def predict(
    model: SavedModel, request: PredictRequest, timeout_ms: int | None = None, as_content: bool = False
) -> PredictResponse:
    """Returns the outputs asked for and the signature's name, not the model's, or an error that the graph may raise."""
    name = request.model_spec.signature_name or "serving_default"
    if name not in model.signature_defs:
        raise failed_precondition(f'Serving signature key "{name}" not found.')
    signature = model.signature_defs[name]
    feeds = _feeds(request.inputs, signature)
    aliases = _output_aliases(request.output_filter, signature)
    values = model.run(feeds, [signature.outputs[alias].name for alias in aliases], timeout_ms)
    response = PredictResponse(model_spec={"signature_name": name})
    for alias, value in zip(aliases, values, strict=True):
        response.outputs[alias].CopyFrom(encode_tensor(value, as_content))
    return response


def warm_up(model: SavedModel, folder: Path) -> None:
    """Runs the warm-up requests in a version's folder; an error where one fails or there are too many."""
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    records = tf.data.TFRecordDataset([str(file)] if file.exists() else []).as_numpy_iterator()
    for count, record in enumerate(records, start=1):
        log = PredictionLog.FromString(record)
        if count > _MOST_WARMUP_RECORDS:
            raise invalid(f"Number of warmup records exceeds the maximum ({_MOST_WARMUP_RECORDS}) at {file}")
        if not log.HasField("predict_log"):
            raise invalid(f"Warmup record {count} of {file} is {log.WhichOneof('log_type')}; only predict_log is run")
        predict(model, log.predict_log.request)


def _feeds(inputs: Mapping[str, TensorProto], signature: SignatureDef) -> dict[str, np.ndarray]:
    sent, required, defaults = set(inputs), set(signature.inputs), signature.defaults
    if len(sent) > len(required) or (len(sent) < len(required) and not defaults):
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(required)} len({_braced(sent)}) != "
            f"len({_braced(required)}). Sent extra: {_braced(sent - required)}. "
            f"Missing but required: {_braced(required - sent)}."
        )
    feeds: dict[str, np.ndarray] = {}
    for alias, info in sorted(signature.inputs.items()):
        if alias not in sent and alias not in defaults:
            missing = "not found in request and no default value provided."
            raise invalid(f"Signature input alias: {alias}(feed name: {info.name}) {missing}")
        feeds[info.name] = decode_tensor(alias, inputs[alias] if alias in sent else defaults[alias])
    return feeds


def _output_aliases(output_filter: Sequence[str], signature: SignatureDef) -> list[str]:
    for place, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise invalid(f"output tensor alias not found in signature: {alias} is not in {_braced(signature.outputs)}")
        if alias in output_filter[:place]:
            raise invalid(f"duplicate output tensor alias: {alias}")
    return list(output_filter) or sorted(signature.outputs)


def _braced(names: Collection[str]) -> str:
    return f"{{{','.join(sorted(names))}}}"


def decode_tensor(alias: str, proto: TensorProto) -> np.ndarray:
    """Returns the array, strings as bytes objects; INVALID_ARGUMENT with the alias where it makes no tensor."""
    with suppress(ValueError, TypeError, KeyError, OverflowError, MemoryError):
        if tf.TensorShape(proto.tensor_shape).is_fully_defined():
            return tf.make_ndarray(proto)
    raise invalid(f"tensor parsing error: {alias}")


def encode_tensor(array: np.ndarray, as_content: bool) -> TensorProto:
    """Returns the tensor in its typed field; in `tensor_content` where asked for (never strings) or none fits."""
    field = _TYPED_FIELDS.get(array.dtype.name)
    if field is None or (as_content and field != "string_val"):
        return tf.make_tensor_proto(array)
    shape = tf.TensorShape(array.shape).as_proto()
    values = {field: array.ravel().tolist()}
    return TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum, tensor_shape=shape, **values)
