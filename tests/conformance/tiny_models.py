"""Tiny real SavedModels whose answers are known by construction."""

import os
import uuid
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow_serving.apis.predict_pb2 import PredictRequest
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog, PredictLog

# The same all through one run, and new to a server that has seen other runs.
MODEL = f"tiny-{uuid.uuid4().hex[:8]}"
FLOATS = tf.TensorSpec([None], tf.float32)
STRINGS = tf.TensorSpec([None], tf.string)


class Tiny(tf.Module):
    """Adds, looks up, counts its own calls, and waits."""

    def __init__(self, addend: float) -> None:
        keys, values = tf.constant(["ann", "bob"]), tf.constant([1, 2], tf.int32)
        self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)
        self.addend = tf.Variable(addend)
        self.calls = tf.Variable(0, dtype=tf.int64)

    @tf.function(input_signature=[FLOATS, FLOATS])
    def add(self, a, b):
        """`sum` is a + b + the addend of the version; `larger` tells where a > b."""
        return {"sum": a + b + self.addend, "larger": a > b}

    @tf.function(input_signature=[STRINGS])
    def look_up(self, name):
        """`row` of "ann" is 1, of "bob" 2, of others -1."""
        return {"row": self.table.lookup(name), "upper": tf.strings.upper(name)}

    @tf.function(input_signature=[])
    def count(self):
        """How often it was called in this session, this call included."""
        return {"calls": self.calls.assign_add(1)}

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def wait(self, gate):
        """Returns once the file exists; writes another one, with `.awaited` behind its name, before it waits."""
        tf.io.write_file(gate + ".awaited", "")
        none_yet = lambda: tf.equal(tf.size(tf.io.matching_files(gate)), 0)  # noqa: E731
        turns = tf.while_loop(lambda _: none_yet(), lambda turn: [turn + 1], [0])
        return {"turns": turns[0]}


def save_tiny(folder: Path, addend: float = 0.0) -> Path:
    """Saves a Tiny into a folder such as `.../tiny/1`, whole at once."""
    tiny = Tiny(addend)
    signatures = {
        "serving_default": tiny.add,
        "look_up": tiny.look_up,
        "count": tiny.count,
        "wait": tiny.wait,
    }
    unfinished = folder.with_name(f"unfinished-{folder.name}")
    tf.saved_model.save(tiny, str(unfinished), signatures=signatures)
    return unfinished.rename(folder)


def save_parser(folder: Path) -> Path:
    """Saves a plain graph without variables: `number` fails where `text` is none, `length` never does."""
    signature_def = tf.compat.v1.saved_model.signature_def_utils
    builder = tf.compat.v1.saved_model.Builder(str(folder))
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        text = tf.compat.v1.placeholder(tf.string, [None], "text")
        outputs = {"number": tf.strings.to_number(text), "length": tf.strings.length(text)}
        signature = signature_def.predict_signature_def({"text": text}, outputs)
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
    builder.save()
    return folder


def save_warmup(folder: Path, requests: Iterable[PredictRequest]) -> None:
    """Writes warm-up requests beside a saved model."""
    file = folder / "assets.extra" / "tf_serving_warmup_requests"
    file.parent.mkdir()
    with tf.io.TFRecordWriter(str(file)) as writer:
        for request in requests:
            log = PredictionLog(predict_log=PredictLog(request=request))
            writer.write(log.SerializeToString())


def predict_request(model: str = MODEL, signature: str = "", **inputs: object) -> PredictRequest:
    """A request with NumPy-convertible inputs; floats become float32."""
    request = PredictRequest()
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, value in inputs.items():
        array = np.asarray(value)
        array = array.astype(np.float32) if array.dtype == np.float64 else array
        request.inputs[name].CopyFrom(tf.make_tensor_proto(array))
    return request
