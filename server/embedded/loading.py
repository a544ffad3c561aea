"""Loads one version of a model and runs its warm-up requests."""

from pathlib import Path

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow_serving.apis.prediction_log_pb2 import PredictionLog

from server.embedded.errors import invalid
from server.embedded.flags import Flags
from server.embedded.predict import predict
from server.saved_model import SavedModel

_WARMUP_FILE = Path("assets.extra", "tf_serving_warmup_requests")
_MOST_WARMUP_RECORDS = 1000  # Source: TensorFlow Serving, WarmupConsts::kMaxNumRecords


def load_version(path: Path, flags: Flags) -> SavedModel:
    """Loads the version in a folder, warmed up unless the flags say otherwise.

    Raises:
        tf.errors.OpError: It cannot be loaded, or a warm-up request fails.
    """
    threads = (flags.tensorflow_intra_op_parallelism, flags.tensorflow_inter_op_parallelism)
    model = SavedModel.load(path, flags.saved_model_tags.split(","), *threads)
    try:
        if flags.enable_model_warmup and (path / _WARMUP_FILE).exists():
            _warm_up(model, path / _WARMUP_FILE)
    except BaseException:
        model.close()
        raise
    return model


def _warm_up(model: SavedModel, file: Path) -> None:
    for count, record in enumerate(tf.data.TFRecordDataset(str(file)).as_numpy_iterator(), start=1):
        if count > _MOST_WARMUP_RECORDS:
            raise invalid(f"Number of warmup records exceeds the maximum ({_MOST_WARMUP_RECORDS}) at {file}")
        try:
            log = PredictionLog.FromString(record)
        except DecodeError as error:
            raise invalid(f"Failed to parse warmup record: number {count} from {file}") from error
        if not log.HasField("predict_log"):
            message = f"Unsupported log_type for warmup: {log.WhichOneof('log_type')} in {file}"
            raise tf.errors.UnimplementedError(None, None, message)
        predict(model, log.predict_log.request)
