"""The adapter around TensorFlow's session: real saved models, TensorFlow's own errors."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.saved_model import loader_impl

from server.saved_model import SavedModel
from tests.conformance.tiny_models import save_parser, save_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("saved") / "1", addend=100.0)


@pytest.fixture(scope="module")
def model(folder):
    model = SavedModel.load(folder)
    yield model
    model.close()


def floats(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def test_predict_goes_by_names_and_returns_every_output(model):
    outputs = model.predict("serving_default", {"a": floats(1, 2), "b": floats(3, 1)})
    assert outputs["sum"].tolist() == [104, 103]
    assert outputs["sum"].dtype == np.float32
    assert outputs["larger"].tolist() == [False, True]
    assert outputs["larger"].dtype == np.bool_


@pytest.mark.parametrize("names", [np.array(["ann", "zoë"]), np.array([b"ann", "zoë".encode()], object)])
def test_strings_go_in_as_text_or_bytes_and_come_out_as_bytes(model, names):
    outputs = model.predict("look_up", {"name": names})
    assert outputs["row"].tolist() == [1, -1]
    assert outputs["row"].dtype == np.int32
    assert outputs["upper"].tolist() == [b"ANN", "ZOë".encode()]


def test_zero_bytes_in_a_scalar_string_survive(tmp_path):
    echo = tf.Module()
    echo.same = tf.function(lambda text: {"same": tf.identity(text)}, [tf.TensorSpec([], tf.string)])
    tf.saved_model.save(echo, str(tmp_path), signatures=echo.same)
    value = np.array(b"a\0\0", object)
    same = SavedModel.load(tmp_path).predict("serving_default", {"text": value})["same"]
    assert same.shape == ()
    assert same.item() == b"a\0\0"


def test_array_that_is_not_contiguous_goes_in_right(model):
    every_other = np.arange(6, dtype=np.float32)[::2]
    assert model.predict("serving_default", {"a": every_other, "b": floats(0, 0, 0)})["sum"].tolist() == [100, 102, 104]


def test_graph_without_variables_runs(tmp_path):
    model = SavedModel.load(save_parser(tmp_path / "1"))
    assert model.predict("serving_default", {"text": np.array(["12"])})["number"].tolist() == [12]


def test_run_computes_only_what_is_fetched(tmp_path):
    model = SavedModel.load(save_parser(tmp_path / "1"))
    outputs = model.signature_defs["serving_default"].outputs
    (length,) = model.run({"text:0": np.array(["four"])}, [outputs["length"].name])
    assert length.tolist() == [4]
    with pytest.raises(tf.errors.InvalidArgumentError, match="could not correctly convert string: four"):
        model.run({"text:0": np.array(["four"])}, [outputs["number"].name])


def test_wrong_dtype_is_told_in_tensorflows_words(model):
    with pytest.raises(tf.errors.InvalidArgumentError) as failure:
        model.predict("serving_default", {"a": np.array([1]), "b": floats(1)})
    assert failure.value.message == "Expects arg[0] to be float but int64 is provided"


def test_timeout_ends_the_run(model, tmp_path):
    signature = model.signature_defs["wait"]
    feeds = {signature.inputs["gate"].name: np.array(str(tmp_path / "never"))}
    with pytest.raises(tf.errors.DeadlineExceededError):
        model.run(feeds, [signature.outputs["turns"].name], timeout_ms=50)


def test_other_threads_run_while_one_does(model, tmp_path):
    """The thread that opens the gate needs the interpreter while the graph waits for it."""
    gate = tmp_path / "gate"
    opener = threading.Timer(0.05, gate.touch)
    opener.start()
    assert model.predict("wait", {"gate": np.array(str(gate))})["turns"] >= 0
    opener.join()


def test_threads_get_their_own_answers(model):
    def ask(number: int) -> float:
        return model.predict("serving_default", {"a": floats(number), "b": floats(0)})["sum"].item()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(500))) == [number + 100 for number in range(500)]


def test_unknown_signature_is_refused_with_the_known_ones(model):
    with pytest.raises(tf.errors.FailedPreconditionError, match=r'"no" not found; there are .*serving_default'):
        model.predict("no", {})


def test_other_inputs_than_the_signatures_are_refused(model):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"takes \['a', 'b'\], got \['a', 'c'\]"):
        model.predict("serving_default", {"a": floats(1), "c": floats(1)})


def test_unknown_tensor_is_not_found(model):
    with pytest.raises(tf.errors.NotFoundError, match="Tensor no:0 is not in the graph"):
        model.run({}, ["no:0"])


def test_missing_folder_and_missing_tags_are_not_found(folder, tmp_path):
    with pytest.raises(tf.errors.NotFoundError, match="does not exist"):
        SavedModel.load(tmp_path / "no")
    with pytest.raises(tf.errors.NotFoundError, match="'gpu'"):
        SavedModel.load(folder, tags=["serve", "gpu"])


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"no protobuf"])
def test_damaged_file_is_an_error_of_tensorflows_kind(folder, tmp_path, damage):
    data = (folder / "saved_model.pb").read_bytes()
    (tmp_path / "saved_model.pb").write_bytes(damage(data))
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"saved_model\.pb"):
        SavedModel.load(tmp_path)


def test_missing_variables_are_an_error_of_tensorflows_kind(folder, tmp_path):
    (tmp_path / "saved_model.pb").write_bytes((folder / "saved_model.pb").read_bytes())
    with pytest.raises(tf.errors.OpError, match="variables"):
        SavedModel.load(tmp_path)


def test_closed_model_refuses(folder):
    model = SavedModel.load(folder)
    model.close()
    with pytest.raises(tf.errors.OpError, match="closed"):
        model.predict("count", {})


def test_close_cancels_runs_under_way(folder, tmp_path):
    model = SavedModel.load(folder)
    with ThreadPoolExecutor(1) as pool:
        run = pool.submit(model.predict, "wait", {"gate": np.array(str(tmp_path / "never"))})
        assert model.predict("count", {})["calls"] == 1
        model.close()
        assert isinstance(run.exception(timeout=60), tf.errors.OpError)


def test_session_goes_with_the_last_reference(folder):
    """Unloading relies on it: no garbage collection is needed."""
    model = SavedModel.load(folder)
    session = weakref.ref(model._session)
    gc.disable()
    try:
        del model
        assert session() is None
    finally:
        gc.enable()


def test_shapes_within_called_functions_are_left_to_the_run(model):
    """To infer them takes most of an import, all through which requests to other models wait for the interpreter."""
    calls = [node for node in model._session.graph.get_operations() if node.type.endswith("PartitionedCall")]
    assert calls
    assert all(call.get_attr("_disable_call_shape_inference") for call in calls)


def test_signatures_are_described_as_they_were_saved(folder, model):
    [saved] = loader_impl.parse_saved_model(str(folder)).meta_graphs
    assert dict(model.signature_defs) == dict(saved.signature_def)


def test_number_of_threads_is_taken(folder):
    model = SavedModel.load(folder, intra_op_threads=1, inter_op_threads=1)
    assert model.predict("serving_default", {"a": floats(1), "b": floats(2)})["sum"].item() == 103
