"""TensorProto to arrays and back."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow.core.framework.tensor_pb2 import TensorProto

from server.embedded.predict import decode_tensor, encode_tensor

DTYPES = ["float32", "float64", "float16", "int8", "int16", "int32", "int64"]
DTYPES += ["uint8", "uint16", "uint32", "uint64", "bool", "complex64"]
values = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_side=4))
)


@given(values, st.booleans())
def test_array_survives_the_way_there_and_back(array, as_content):
    back = decode_tensor("x", encode_tensor(array, as_content))
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back, array)


@given(arrays.arrays(object, arrays.array_shapes(min_dims=0), elements=st.binary(max_size=5)), st.booleans())
def test_strings_survive_the_way_there_and_back(array, as_content):
    np.testing.assert_array_equal(decode_tensor("x", encode_tensor(array, as_content)), array)


@given(values)
def test_content_and_typed_field_hold_the_same(array):
    np.testing.assert_array_equal(tf.make_ndarray(tf.make_tensor_proto(array)), array)


def bad(dtype: int, shape: list[int] | None, **fields: object) -> TensorProto:
    proto = TensorProto(dtype=dtype, **fields)
    proto.tensor_shape.unknown_rank = shape is None
    for size in shape or []:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    "proto",
    [
        bad(tf.float32.as_datatype_enum, [2], tensor_content=b"1234"),
        bad(tf.float32.as_datatype_enum, [2], tensor_content=b"123"),
        bad(tf.float32.as_datatype_enum, [-1], float_val=[1.0]),
        bad(tf.float32.as_datatype_enum, None, float_val=[1.0]),
        bad(tf.float32.as_datatype_enum, [2**40, 2**40], float_val=[1.0]),
        bad(tf.int8.as_datatype_enum, [1], int_val=[1000]),
        bad(tf.string.as_datatype_enum, [1], tensor_content=b"1"),
        bad(tf.resource.as_datatype_enum, []),
        bad(0, [1], float_val=[1.0]),
        bad(9999, [1], float_val=[1.0]),
    ],
)
def test_what_is_no_tensor_is_refused_with_its_name(proto):
    with pytest.raises(tf.errors.InvalidArgumentError) as failure:
        decode_tensor("a", proto)
    assert failure.value.message == "tensor parsing error: a"
