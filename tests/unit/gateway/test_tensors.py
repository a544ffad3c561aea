import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from server.gateway.serving_apis import tensor_pb2, types_pb2
from server.gateway.tensors import TensorError, to_array, to_tensor

SHAPES = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
ARRAYS = st.one_of(
    arrays.arrays(np.float32, SHAPES),
    arrays.arrays(np.int32, SHAPES),
    arrays.arrays(np.bool_, SHAPES),
    arrays.arrays(object, SHAPES, elements=st.binary(max_size=5), fill=st.nothing()),
)


@given(array=ARRAYS)
def test_what_is_written_reads_the_same(array: np.ndarray) -> None:
    read = to_array(to_tensor(array))
    assert read.dtype == array.dtype
    np.testing.assert_array_equal(read, array)


@given(array=ARRAYS)
def test_tensorflow_reads_what_is_written(array: np.ndarray) -> None:
    np.testing.assert_array_equal(tf.make_ndarray(to_tensor(array)), array)


@given(array=ARRAYS)
def test_what_tensorflow_writes_is_read(array: np.ndarray) -> None:
    kind = tf.string if array.dtype == object else None
    np.testing.assert_array_equal(to_array(tf.make_tensor_proto(array, kind)), array)


def test_numbers_travel_as_raw_bytes_and_strings_as_strings() -> None:
    assert to_tensor(np.ones((2, 3), np.float32)).tensor_content == np.ones(6, "<f4").tobytes()
    assert to_tensor(np.ones((3, 2), np.int32).T).tensor_content == np.ones(6, "<i4").tobytes()
    assert list(to_tensor(np.array([b"a", b""], object)).string_val) == [b"a", b""]


def tensor(dtype: int, *sizes: int, **values: object) -> tensor_pb2.TensorProto:
    shape = {"dim": [{"size": size} for size in sizes]}
    return tensor_pb2.TensorProto(dtype=dtype, tensor_shape=shape, **values)


def test_typed_fields_are_read() -> None:
    assert to_array(tensor(types_pb2.DT_FLOAT, 1, 2, float_val=[0.5, 2])).tolist() == [[0.5, 2.0]]
    assert to_array(tensor(types_pb2.DT_INT32, 2, int_val=[-1, 7])).tolist() == [-1, 7]
    assert to_array(tensor(types_pb2.DT_BOOL, 2, bool_val=[True, False])).tolist() == [True, False]
    assert to_array(tensor(types_pb2.DT_STRING, string_val=[b"x"])).tolist() == b"x"


def test_a_single_value_stands_for_a_whole_tensor() -> None:
    assert to_array(tensor(types_pb2.DT_INT32, 2, 2, int_val=[3])).tolist() == [[3, 3], [3, 3]]


def test_a_huge_claim_costs_no_memory() -> None:
    assert to_array(tensor(types_pb2.DT_FLOAT, 2**40, float_val=[1])).shape == (2**40,)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (tensor(types_pb2.DT_INT32, 3, int_val=[1, 2]), r"2 values do not fill shape \(3,\)"),
        (tensor(types_pb2.DT_INT32, 1, int_val=[1, 2]), r"2 values do not fill shape \(1,\)"),
        (tensor(types_pb2.DT_INT32, 2), r"0 values do not fill shape \(2,\)"),
        (tensor(types_pb2.DT_FLOAT, 2, tensor_content=b"1234567"), "7 bytes do not fill"),
        (tensor(types_pb2.DT_STRING, 1, tensor_content=b"a"), "strings come as string_val"),
        (tensor(types_pb2.DT_INT32, -1, int_val=[1]), "is not definite"),
        (tensor(types_pb2.DT_FLOAT, 2**40, 2**40, float_val=[1.0]), "no array has shape"),
        (tensor_pb2.TensorProto(dtype=1, tensor_shape={"unknown_rank": True}), "is not definite"),
        (tensor(types_pb2.DT_DOUBLE, 1, double_val=[1.0]), "dtype 2 is none of"),
        (tensor_pb2.TensorProto(), "dtype 0 is none of"),
    ],
)
def test_a_tensor_that_makes_no_sense_is_refused(bad: tensor_pb2.TensorProto, message: str) -> None:
    with pytest.raises(TensorError, match=message):
        to_array(bad)
