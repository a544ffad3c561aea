"""Each in a process of its own: what is imported stays imported."""

import subprocess
import sys

import pytest

RUNTIME_IS_ABSENT = "import sys; assert not [m for m in sys.modules if m.startswith('tensorflow.python')]"


def run(code: str) -> str:
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "module", ["server.gateway", "server.gateway.serving_apis", "server.gateway.server", "server.gateway.__main__"]
)
def test_gateway_imports_without_the_tensorflow_runtime(module: str) -> None:
    run(f"import {module}; {RUNTIME_IS_ABSENT}; assert 'tensorflow' not in sys.modules")


def test_tensorflow_can_be_imported_later() -> None:
    code = """
from server.gateway.serving_apis import tensor_pb2
import tensorflow as tf
print(tf.make_ndarray(tensor_pb2.TensorProto.FromString(tf.make_tensor_proto([1, 2]).SerializeToString())))
"""
    assert run(code) == "[1 2]\n"


def test_tensorflow_that_is_there_is_left_alone() -> None:
    code = """
import sys
import tensorflow as tf
from server.gateway.serving_apis import predict_pb2
assert sys.modules["tensorflow"] is tf
print(predict_pb2.PredictRequest(inputs={"x": tf.make_tensor_proto([1, 2])}).inputs["x"].dtype)
"""
    assert run(code) == "3\n"
