"""Turns TensorProto into NumPy arrays and back."""

import numpy as np
import tensorflow as tf
from tensorflow.core.framework.tensor_pb2 import TensorProto

from server.embedded.errors import invalid

_TYPED_FIELDS = {
    **dict.fromkeys(("int8", "int16", "int32", "uint8", "uint16"), "int_val"),
    **{name: f"{name}_val" for name in ("bool", "int64", "uint32", "uint64")},
    "float32": "float_val",
    "float64": "double_val",
    "object": "string_val",
}


def decode_tensor(alias: str, proto: TensorProto) -> np.ndarray:
    """Returns the array; strings as an object array of bytes.

    Raises:
        tf.errors.InvalidArgumentError: Shape, dtype and contents do not make a tensor; names the alias.
    """
    shape = proto.tensor_shape
    if shape.unknown_rank or any(axis.size < 0 for axis in shape.dim):
        raise invalid(f"tensor parsing error: {alias}")
    try:
        return np.asarray(tf.make_ndarray(proto))
    except (ValueError, TypeError, KeyError, OverflowError, MemoryError) as error:
        raise invalid(f"tensor parsing error: {alias}") from error


def encode_tensor(array: np.ndarray, as_content: bool) -> TensorProto:
    """Returns the tensor in its typed field; in `tensor_content` where asked for or no such field fits.

    Strings are always typed.
    """
    field = _TYPED_FIELDS.get(array.dtype.name)
    if field is None or (as_content and field != "string_val"):
        return tf.make_tensor_proto(array)
    proto = TensorProto(dtype=tf.as_dtype(array.dtype).as_datatype_enum)
    proto.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
    getattr(proto, field).extend(array.ravel().tolist())
    return proto
