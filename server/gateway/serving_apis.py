"""TensorFlow Serving's messages and services, loaded without the TensorFlow runtime.

The messages import `tensorflow.core.*_pb2`, and with a plain import the package around them: seconds and hundreds
of megabytes. A bare module of that name, which only knows where the package lies, is enough for them; it is taken
away again, so that a later `import tensorflow` gets the real one. Where TensorFlow is loaded it is left alone.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec, module_from_spec


@contextmanager
def _bare_tensorflow() -> Iterator[None]:
    if "tensorflow" in sys.modules:
        yield
        return
    spec = find_spec("tensorflow")
    if spec is None:
        raise ModuleNotFoundError("tensorflow is not installed; the gateway needs its message definitions")
    sys.modules["tensorflow"] = module_from_spec(spec)
    try:
        yield
    finally:
        del sys.modules["tensorflow"]


with _bare_tensorflow():
    from tensorflow.core.framework import tensor_pb2, types_pb2
    from tensorflow_serving.apis import (
        get_model_metadata_pb2,
        get_model_status_pb2,
        model_service_pb2_grpc,
        predict_pb2,
        prediction_service_pb2_grpc,
    )

__all__ = [
    "get_model_metadata_pb2",
    "get_model_status_pb2",
    "model_service_pb2_grpc",
    "predict_pb2",
    "prediction_service_pb2_grpc",
    "tensor_pb2",
    "types_pb2",
]
