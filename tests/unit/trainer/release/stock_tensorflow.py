"""Run in a process of its own: loads a release as a model server would and runs its warm-up requests.

Prints, as JSON, what was loaded beside TensorFlow and, for each model, operations that TensorFlow does not have
and the signatures that answered, with their outputs' shapes.
"""

import json
import sys
from pathlib import Path

from server.saved_model import SavedModel, tf

# isort: split
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry
from tensorflow_serving.apis import prediction_log_pb2

# Registered, but they call back into a Python that a model server does not have.
NEEDS_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}


def strange_operations(folder):
    saved = saved_model_pb2.SavedModel.FromString((folder / "saved_model.pb").read_bytes())
    graph = saved.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    functions = {function.signature.name for function in graph.library.function}
    operations = {node.op for node in nodes} - functions
    return sorted(name for name in operations if name in NEEDS_PYTHON or op_def_registry.get(name) is None)


def answers(folder):
    model = SavedModel.load(folder)
    for record in tf.data.TFRecordDataset(str(folder / "assets.extra" / "tf_serving_warmup_requests")):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        inputs = {name: tf.make_ndarray(tensor) for name, tensor in request.inputs.items()}
        outputs = model.predict(request.model_spec.signature_name, inputs)
        yield request.model_spec.name, request.model_spec.signature_name, {n: v.shape for n, v in outputs.items()}


def main():
    models = [Path(argument) for argument in sys.argv[1:]]
    found = {
        "strange_operations": {folder.parent.name: strange_operations(folder) for folder in models},
        "answers": {folder.parent.name: list(answers(folder)) for folder in models},
        "recommenders_loaded": "tensorflow_recommenders" in sys.modules,
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
