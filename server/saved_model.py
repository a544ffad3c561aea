"""Loads a SavedModel and runs it through TensorFlow's session API, as TensorFlow Serving does.

The one place that touches what TensorFlow keeps private: the C++ run itself. `Session.run` converts feeds in
Python first, which words errors differently and is slower; `loaded.signatures` cannot prune outputs.
"""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, Self

os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tensorflow.python.client import pywrap_tf_session
from tensorflow.python.saved_model.loader_impl import SavedModelLoader  # the public name only adds a notice

from server.time_slices import DEFAULT_NS, ask_for_slices

# Most of a load is optimizing graphs, once for each signature. A second round, the newer optimizer that comes after the
# others, and saving memory on other devices take more than a third of it. With a release's models answers are the same
# without, to the last digit, and take no longer.
_REWRITES = {
    "meta_optimizer_iterations": "ONE",
    "disable_tfg_optimizer": True,
    "memory_optimization": "NO_MEM_OPT",
}
_LOADER_NICENESS = 10


class SavedModel:
    """A loaded SavedModel; any number of threads may run it at once.

    Attributes:
        signature_defs: Signature name to TensorFlow's SignatureDef.
    """

    def __init__(self, session: tf.compat.v1.Session, signature_defs: Mapping[str, Any]) -> None:
        self.signature_defs = signature_defs
        self._session = session
        self._endpoints: dict[str, Any] = {}

    @classmethod
    def load(
        cls,
        path: Path,
        tags: Sequence[str] = ("serve",),
        intra_op_threads: int | None = None,
        inter_op_threads: int | None = None,
    ) -> Self:
        """Loads the SavedModel in a directory.

        TensorFlow chooses the number of threads where None; the first model of a process decides for all.

        Raises:
            tf.errors.OpError: It is damaged or cannot run here; NOT_FOUND where file or tags are missing.
        """
        _register_operations(path)
        session = _new_session(intra_op_threads, inter_op_threads)
        try:
            with session.graph.as_default():
                meta_graph = _load_into(session, SavedModelLoader(str(path)), list(tags))
                session._extend_graph()  # hands the graph to C++ where loading ran nothing
        except tf.errors.OpError:
            session.close()
            raise
        except Exception as error:  # what the loader raises for a broken model is not a fixed set
            session.close()
            raise _as_op_error(path, error) from error
        return cls(session, meta_graph.signature_def)

    def predict(self, signature: str, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs a signature by the names of its inputs and outputs and returns every output.

        Raises:
            tf.errors.OpError: No such signature, other inputs than it has, or what the graph says.
        """
        definition = self.signature_defs.get(signature)
        if definition is None:
            message = f'Signature "{signature}" not found; there are {sorted(self.signature_defs)}'
            raise tf.errors.FailedPreconditionError(None, None, message)
        if set(inputs) != set(definition.inputs):
            message = f'Signature "{signature}" takes {sorted(definition.inputs)}, got {sorted(inputs)}'
            raise tf.errors.InvalidArgumentError(None, None, message)
        feeds = {definition.inputs[name].name: value for name, value in inputs.items()}
        names = sorted(definition.outputs)
        values = self.run(feeds, [definition.outputs[name].name for name in names])
        return dict(zip(names, values, strict=True))

    def run(
        self, feeds: Mapping[str, np.ndarray], fetches: Sequence[str], timeout_ms: int | None = None
    ) -> list[np.ndarray]:
        """Runs what the fetches need of the graph, without the interpreter lock, and returns them in order.

        Feeds and fetches go by tensor names ("x:0"). Strings come back as object arrays of bytes.

        Raises:
            tf.errors.OpError: With TensorFlow's own code and message; DEADLINE_EXCEEDED after `timeout_ms`.
        """
        inputs = {self._endpoint(name): value for name, value in feeds.items()}
        outputs = [self._endpoint(name) for name in fetches]
        with _run_options(timeout_ms) as options:
            values = pywrap_tf_session.TF_SessionRun_wrapper(self._session._session, options, inputs, outputs, [], None)
        return [_as_array(value) for value in values]

    def close(self) -> None:
        """Frees what the model holds; runs under way end with CANCELLED, later ones fail."""
        self._session.close()

    def _endpoint(self, name: str) -> object:
        if name not in self._endpoints:
            try:
                self._endpoints[name] = self._session.graph.get_tensor_by_name(name)._as_tf_output()
            except (KeyError, ValueError) as error:
                raise tf.errors.NotFoundError(None, None, f"Tensor {name} is not in the graph") from error
        return self._endpoints[name]


def give_way(intra_op_threads: int | None = None, inter_op_threads: int | None = None) -> None:
    """Lowers the priority of the thread that calls, to load models in it while others answer; for good, and on Linux.

    Its slices are the kernel's own: threads with shorter ones need not wait for their end.

    Niceness 10 is a tenth of a core where the others want all of it. Less, as of 19 or SCHED_IDLE, would let a thread
    on a busy machine stand still for long with the interpreter's lock, and all requests with it.

    Args:
        intra_op_threads: As for `SavedModel.load`.
        inter_op_threads: The same.
    """
    if sys.platform == "linux":  # elsewhere it would be that of the process
        # Makes the threads that answer, if there are none: from this one they would have its priority.
        with suppress(ValueError):  # of counts that TensorFlow does not take, which each load says
            _new_session(intra_op_threads, inter_op_threads).close()
        os.nice(_LOADER_NICENESS)
        ask_for_slices(DEFAULT_NS)


def _new_session(intra_op_threads: int | None, inter_op_threads: int | None) -> tf.compat.v1.Session:
    config = tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=intra_op_threads or 0,
        inter_op_parallelism_threads=inter_op_threads or 0,
        graph_options={"rewrite_options": _REWRITES},
    )
    return tf.compat.v1.Session(graph=tf.Graph(), config=config)


def _register_operations(path: Path) -> None:
    """Gives this process the operations of ScaNN, where the SavedModel in a directory needs them.

    Raises:
        tf.errors.FailedPreconditionError: The package they are in is missing, or does not load.
    """
    file = path / "saved_model.pb"
    if not (file.is_file() and b"Scann>" in file.read_bytes()):
        return
    try:
        import_module("scann")
    except (ImportError, tf.errors.OpError) as error:
        message = f"{path} searches by ScaNN and needs the package scann, which is not usable here ({error})"
        advice = "install scann (Linux x86-64), or train with --index bruteforce"
        raise tf.errors.FailedPreconditionError(None, None, f"{message}: {advice}") from error


def _load_into(session: tf.compat.v1.Session, loader: SavedModelLoader, tags: list[str]) -> Any:  # noqa: ANN401 - a MetaGraphDef
    """Does what `loader.load` does without parsing the file a second time, and returns the meta graph.

    Shapes within the functions that signatures call are not inferred: it takes most of the import, all through which
    TensorFlow holds the interpreter's lock and requests to other versions wait. When they run it is done anyway.
    """
    meta_graph = loader.get_meta_graph_def_from_tags(tags)
    for node in meta_graph.graph_def.node:
        if node.op.endswith("PartitionedCall"):
            node.attr["_disable_call_shape_inference"].b = True
    saver, _ = loader.load_graph(session.graph, tags)
    loader.restore_variables(session, saver)
    loader.run_init_ops(session, tags)
    return meta_graph


@contextmanager
def _run_options(timeout_ms: int | None) -> Iterator[object]:
    if timeout_ms is None:
        yield None
        return
    options = tf.compat.v1.RunOptions(timeout_in_ms=timeout_ms)
    buffer = pywrap_tf_session.TF_NewBufferFromString(options.SerializeToString())
    try:
        yield buffer
    finally:
        pywrap_tf_session.TF_DeleteBuffer(buffer)


def _as_array(value: object) -> np.ndarray:
    # A scalar string comes as plain bytes, which NumPy would make a fixed-width string.
    return np.asarray(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def _as_op_error(path: Path, error: Exception) -> tf.errors.OpError:
    missing = isinstance(error, RuntimeError) or not tf.saved_model.contains_saved_model(str(path))
    kind = tf.errors.NotFoundError if missing else tf.errors.InvalidArgumentError
    return kind(None, None, str(error))
