"""Answers a PredictRequest from a loaded model, checked in TensorFlow Serving's order with its words."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest, PredictResponse

from server.embedded.errors import invalid
from server.embedded.tensors import decode_tensor, encode_tensor
from server.saved_model import SavedModel


def predict(
    model: SavedModel, request: PredictRequest, timeout_ms: int | None = None, as_content: bool = False
) -> PredictResponse:
    """Returns the outputs asked for and the signature's name; name and version of the model are left open.

    Raises:
        tf.errors.OpError: The request does not fit the signature, or the graph says so.
    """
    name = request.model_spec.signature_name or "serving_default"
    if name not in model.signature_defs:
        raise tf.errors.FailedPreconditionError(None, None, f'Serving signature key "{name}" not found.')
    signature = model.signature_defs[name]
    _check_number_of_inputs(request.inputs, signature)
    feeds = _feeds(request.inputs, signature)
    aliases = _output_aliases(request.output_filter, signature)
    values = model.run(feeds, [signature.outputs[alias].name for alias in aliases], timeout_ms)
    response = PredictResponse()
    response.model_spec.signature_name = name
    for alias, value in zip(aliases, values, strict=True):
        response.outputs[alias].CopyFrom(encode_tensor(value, as_content))
    return response


def _check_number_of_inputs(inputs: Mapping[str, TensorProto], signature: SignatureDef) -> None:
    sent, required = set(inputs), set(signature.inputs)
    if len(sent) == len(required) or (len(sent) < len(required) and signature.defaults):
        return
    raise invalid(
        f"input size does not match signature: {len(sent)}!={len(required)} "
        f"len({_braced(sent)}) != len({_braced(required)}). "
        f"Sent extra: {_braced(sent - required)}. Missing but required: {_braced(required - sent)}."
    )


def _feeds(inputs: Mapping[str, TensorProto], signature: SignatureDef) -> dict[str, np.ndarray]:
    feeds = {}
    for alias, info in sorted(signature.inputs.items()):
        if alias not in inputs and alias not in signature.defaults:
            raise invalid(
                f"Signature input alias: {alias}(feed name: {info.name}) not found in request and no default "
                f"value provided. Inputs expected to be in the request {_braced(inputs)}, "
                f"or default input alias set: {','.join(sorted(signature.defaults))}"
            )
        feeds[info.name] = decode_tensor(alias, inputs[alias] if alias in inputs else signature.defaults[alias])
    return feeds


def _output_aliases(output_filter: Sequence[str], signature: SignatureDef) -> list[str]:
    for place, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_braced(signature.outputs)}."
            )
        if alias in output_filter[:place]:
            raise invalid(f"duplicate output tensor alias: {alias}")
    return list(output_filter) or sorted(signature.outputs)


def _braced(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"
