"""Requests a model server runs when it loads a model, so that the first caller does not wait."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np


def write_warmup(model_folder: Path, model: str, requests: Mapping[str, Mapping[str, np.ndarray]]) -> None:
    """Writes one request for each signature into the SavedModel at `model_folder`.

    Source: TensorFlow Serving, "SavedModel Warmup".
    """
    folder = model_folder / "assets.extra"
    folder.mkdir()
    with tf.io.TFRecordWriter(str(folder / "tf_serving_warmup_requests")) as writer:
        for signature, inputs in requests.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name, request.model_spec.signature_name = model, signature
            for name, value in inputs.items():
                request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
            writer.write(log.SerializeToString())
