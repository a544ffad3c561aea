"""NumPy arrays to TensorProto and back."""

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from server.gateway.serving_apis import tensor_pb2, types_pb2

# dtype in TensorFlow -> (dtype in little-endian NumPy, field of TensorProto)
_KINDS: dict[int, tuple[np.dtype[Any], str]] = {
    types_pb2.DT_FLOAT: (np.dtype("<f4"), "float_val"),
    types_pb2.DT_INT32: (np.dtype("<i4"), "int_val"),
    types_pb2.DT_BOOL: (np.dtype("?"), "bool_val"),
    types_pb2.DT_STRING: (np.dtype(object), "string_val"),
}
_DATA_TYPES = {dtype: data_type for data_type, (dtype, _) in _KINDS.items()}


class TensorError(ValueError):
    """A tensor that cannot be read; the message says why."""


def to_tensor(array: NDArray[Any]) -> tensor_pb2.TensorProto:
    """Packs a float32, int32 or bool array as raw bytes, or an object array of bytes as strings."""
    tensor = tensor_pb2.TensorProto(dtype=_DATA_TYPES[array.dtype])
    for size in array.shape:
        tensor.tensor_shape.dim.add(size=size)
    if array.dtype.hasobject:
        tensor.string_val.extend(array.ravel().tolist())
    else:
        tensor.tensor_content = array.tobytes()
    return tensor


def to_array(tensor: tensor_pb2.TensorProto) -> NDArray[Any]:
    """Reads a tensor from its typed field or its raw bytes; a single value stands for a whole tensor of it.

    Returns:
        An array that may be read-only; strings as objects of bytes.

    Raises:
        TensorError: Another dtype than to_tensor writes, no definite shape, or values that do not fill it.
    """
    if tensor.dtype not in _KINDS:
        raise TensorError(f"dtype {tensor.dtype} is none of {sorted(_KINDS)}")
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)
    if tensor.tensor_shape.unknown_rank or any(size < 0 for size in shape):
        raise TensorError(f"shape {shape} is not definite")
    dtype, field = _KINDS[tensor.dtype]
    if tensor.tensor_content:
        return _from_bytes(tensor.tensor_content, dtype, shape)
    return _from_values(getattr(tensor, field), dtype, shape)


def _from_bytes(content: bytes, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if dtype.hasobject:
        raise TensorError("strings come as string_val, not as tensor_content")
    if len(content) != prod(shape) * dtype.itemsize:
        raise TensorError(f"{len(content)} bytes do not fill shape {shape} of {dtype}")
    return _shaped(np.frombuffer(content, dtype), shape)


def _from_values(values: Sequence[object], dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if len(values) not in (1, prod(shape)):
        raise TensorError(f"{len(values)} values do not fill shape {shape}")
    return _shaped(np.array(values, dtype), shape)


def _shaped(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    try:
        # Where one value stands for all it is a view: what a wrong shape claims to hold is never allocated.
        return array.reshape(shape) if len(array) == prod(shape) else np.broadcast_to(array, shape)
    except ValueError as error:
        raise TensorError(f"no array has shape {shape}: {error}") from error
