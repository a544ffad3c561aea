"""One model: its versions, which of them are loaded, and the state of each."""

import gc
import logging
import math
import re
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from server.embedded.config import Flags
from server.embedded.errors import unknown
from server.embedded.predict import warm_up
from server.saved_model import SavedModel

_INTEGER = re.compile(r"[+-]?[0-9]+")
_log = logging.getLogger(__name__)


@dataclass
class _Version:
    status: ModelVersionStatus
    model: SavedModel | None = None  # None where it is not loaded
    failures: int = 0
    next_try: float = 0.0  # in seconds of time.monotonic


class ServedModel:
    """Keeps those versions loaded that a folder and its policy ask for; none while `config` is None."""

    def __init__(self, name: str, flags: Flags) -> None:
        self.config: ModelConfig | None = None
        self._name, self._flags = name, flags
        self._polling = threading.Lock()
        self._versions: dict[int, _Version] = {}  # grows under the lock; others read a copy
        self._trouble = ""

    def loaded(self) -> dict[int, SavedModel]:
        """Returns the loaded versions by number; each works for as long as it is held."""
        return {number: version.model for number, version in self._versions.copy().items() if version.model}

    def statuses(self) -> list[ModelVersionStatus]:
        """Returns the status of every version ever found, highest first."""
        return [version.status for _, version in sorted(self._versions.copy().items(), reverse=True)]

    def poll(self, stop: threading.Event) -> None:
        """Loads what is new and wanted, newest first, then unloads the rest; an unreadable folder changes nothing."""
        with self._polling:
            wanted = self._look(config) if (config := self.config) else {}
            if wanted is None:
                return
            for number in wanted.keys() - self._versions.keys():
                self._enter(number, ModelVersionStatus.START)
            for number, path in sorted(wanted.items(), reverse=True):
                if not stop.is_set():
                    self._load_if_due(number, path)
            for number in self._versions.keys() - wanted.keys():
                self._versions[number].failures, self._versions[number].next_try = 0, 0.0
                if not wanted or wanted.keys() & self.loaded().keys():  # or else nothing would answer
                    self._unload(number)

    def _look(self, config: ModelConfig) -> dict[int, Path] | None:
        try:
            wanted = wanted_versions(Path(config.base_path), config.model_version_policy)
            trouble = "" if wanted else f"no version that is asked for is in {config.base_path}"
        except OSError as error:
            wanted, trouble = None, f"{error}; what is loaded stays"
        if trouble not in ("", self._trouble):
            _log.warning("%s: %s", self._name, trouble)
        self._trouble = trouble
        return wanted

    def _load_if_due(self, number: int, path: Path) -> None:
        version = self._versions[number]
        if version.model or version.status.state == ModelVersionStatus.UNLOADING or time.monotonic() < version.next_try:
            return
        self._enter(number, ModelVersionStatus.LOADING)
        gc.collect()  # an unloaded model is a cycle, which also keeps its memory in TensorFlow
        flags = self._flags
        threads = (flags.tensorflow_intra_op_parallelism, flags.tensorflow_inter_op_parallelism)
        try:
            model = SavedModel.load(path, flags.saved_model_tags.split(","), *threads)
            if flags.enable_model_warmup:
                warm_up(model, path)
        except Exception as error:  # noqa: BLE001 - whatever a broken version raises, the others go on
            version.failures += 1
            may_retry = version.failures <= flags.max_num_load_retries
            version.next_try = time.monotonic() + flags.load_retry_interval_micros / 1e6 if may_retry else math.inf
            self._enter(number, ModelVersionStatus.END, error)
        else:
            version.model = model
            self._enter(number, ModelVersionStatus.AVAILABLE)

    def _unload(self, number: int) -> None:
        version = self._versions[number]
        if version.model:
            self._enter(number, ModelVersionStatus.UNLOADING)
            # TensorFlow frees a session with the last reference to it: when the last request on it is done.
            weakref.finalize(version.model, self._enter, number, ModelVersionStatus.END)
            version.model = None

    def _enter(self, number: int, state: int, error: Exception | None = None) -> None:
        status = ModelVersionStatus(version=number, state=state)
        if error:
            cause = error if isinstance(error, tf.errors.OpError) else unknown(repr(error))
            status.status.error_code, status.status.error_message = cause.error_code, cause.message
        self._versions.setdefault(number, _Version(status)).status = status
        level, name = logging.ERROR if error else logging.INFO, ModelVersionStatus.State.Name(state)
        _log.log(level, "%s version %d: %s %s", self._name, number, name, status.status.error_message)


def wanted_versions(base_path: Path, policy: Any) -> dict[int, Path]:  # noqa: ANN401 - a ServableVersionPolicy
    """Returns, by number, those folders named by an integer ("00000123" is 123) that the policy serves.

    Raises:
        OSError: The base path is missing or cannot be read, which says nothing about its versions.
    """
    folders = sorted(path for path in base_path.iterdir() if _INTEGER.fullmatch(path.name) and path.is_dir())
    found = {int(path.name): path for path in folders if -(2**63) <= int(path.name) < 2**63}
    latest = sorted(found)[-max(policy.latest.num_versions, 1) :]
    choices = {"all": found, "specific": found.keys() & set(policy.specific.versions)}
    return {number: found[number] for number in choices.get(policy.WhichOneof("policy_choice"), latest)}
