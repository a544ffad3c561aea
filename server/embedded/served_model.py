"""One model: its versions, which of them are loaded, and the state of each."""

import logging
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from server.embedded.errors import not_loaded
from server.embedded.flags import Flags
from server.embedded.loading import load_version
from server.embedded.versions import find_versions, versions_to_unload, wanted_versions
from server.saved_model import SavedModel

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Failure:
    count: int
    retry_at: float  # in seconds of time.monotonic


class ServedModel:
    """Keeps the versions loaded that a folder and its policy ask for; one thread polls, any may read."""

    def __init__(self, config: ModelConfig, flags: Flags) -> None:
        self._config = config
        self._flags = flags
        # Other threads read this one: it is replaced, never changed.
        self._loaded: dict[int, SavedModel] = {}
        # This one is changed an entry at a time, by the last request on an unloaded version too, and read as a copy.
        self._statuses: dict[int, ModelVersionStatus] = {}
        self._failures: dict[int, _Failure] = {}
        self._last_warning = ""

    def find(self, number: int | None) -> tuple[int, SavedModel]:
        """Returns a loaded version with its number, the highest for None; it works for as long as it is held.

        Raises:
            tf.errors.NotFoundError: It is not loaded.
        """
        loaded = self._loaded
        wanted = max(loaded, default=None) if number is None else number
        if wanted is None or wanted not in loaded:
            raise not_loaded(self._config.name, number)
        return wanted, loaded[wanted]

    def statuses(self) -> list[ModelVersionStatus]:
        """Returns the status of every version ever found, highest first."""
        return [status for _, status in sorted(self._statuses.copy().items(), reverse=True)]

    def poll(self, stop: threading.Event) -> None:
        """Looks for versions, loads what is new and wanted, newest first, then unloads what is not wanted.

        A folder that cannot be read leaves everything as it is.
        """
        found = self._look()
        if found is None:
            return
        wanted = wanted_versions(found, self._config.model_version_policy)
        self._failures = {n: failure for n, failure in self._failures.items() if n in wanted}
        for number in wanted - self._statuses.keys():
            self._enter(number, ModelVersionStatus.START)
        for number in sorted(filter(self._is_due, wanted), reverse=True):
            if not stop.is_set():
                self._load(number, found[number])
        for number in versions_to_unload(self._loaded, wanted):
            self._unload(number)

    def close(self) -> None:
        """Closes what is loaded; requests under way are cancelled."""
        for model in self._loaded.values():
            model.close()

    def _look(self) -> dict[int, Path] | None:
        found, warning = None, ""
        try:
            found = find_versions(Path(self._config.base_path))
        except OSError as error:
            warning = f"{error}; what is loaded stays"
        if found == {}:
            warning = f"no versions: no folder in {self._config.base_path} is named by a number"
        if warning and warning != self._last_warning:
            _log.warning("%s: %s", self._config.name, warning)
        self._last_warning = warning
        return found

    def _is_due(self, number: int) -> bool:
        if number in self._loaded or self._statuses[number].state == ModelVersionStatus.UNLOADING:
            return False
        failure = self._failures.get(number, _Failure(0, 0.0))
        return failure.count <= self._flags.max_num_load_retries and time.monotonic() >= failure.retry_at

    def _load(self, number: int, path: Path) -> None:
        self._enter(number, ModelVersionStatus.LOADING)
        try:
            model = load_version(path, self._flags)
        except tf.errors.OpError as error:
            self._fail(number, error)
        except Exception as error:  # noqa: BLE001 - whatever a broken version raises, the others go on
            _log.exception("%s version %d failed to load", self._config.name, number)
            self._fail(number, tf.errors.UnknownError(None, None, repr(error)))
        else:
            self._loaded = {**self._loaded, number: model}
            self._enter(number, ModelVersionStatus.AVAILABLE)
            _log.info("%s version %d is available", self._config.name, number)

    def _fail(self, number: int, error: tf.errors.OpError) -> None:
        count = self._failures[number].count + 1 if number in self._failures else 1
        retry_at = time.monotonic() + self._flags.load_retry_interval_micros / 1e6
        self._failures[number] = _Failure(count, retry_at)
        self._enter(number, ModelVersionStatus.END, error)
        _log.error("%s version %d failed to load: %s", self._config.name, number, error.message)

    def _unload(self, number: int) -> None:
        self._enter(number, ModelVersionStatus.UNLOADING)
        # TensorFlow frees a session with the last reference to it: when the last request on it is done.
        weakref.finalize(self._loaded[number], self._enter, number, ModelVersionStatus.END)
        self._loaded = {n: model for n, model in self._loaded.items() if n != number}
        _log.info("%s version %d is unloaded", self._config.name, number)

    def _enter(self, number: int, state: int, error: tf.errors.OpError | None = None) -> None:
        status = ModelVersionStatus(version=number, state=state)
        status.status.error_code = error.error_code if error else 0
        status.status.error_message = error.message if error else ""
        self._statuses[number] = status
