"""All models: looks after each on a thread of its own and finds the one a request names."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from server.embedded.errors import invalid, not_found, not_loaded
from server.embedded.flags import Flags
from server.embedded.served_model import ServedModel
from server.saved_model import SavedModel


class ServedModels:
    """The models of one server, by name; all of it ends when `stop` is set."""

    def __init__(self, configs: Sequence[ModelConfig], flags: Flags, stop: threading.Event) -> None:
        self._models = {config.name: ServedModel(config, flags) for config in configs}
        self._poll_seconds = flags.file_system_poll_wait_seconds
        self._stop = stop
        self._watchers: list[threading.Thread] = []

    def start(self) -> None:
        """Tries every version there is once, all models at the same time, then watches in the background."""
        with ThreadPoolExecutor(max(len(self._models), 1)) as pool:
            list(pool.map(lambda model: model.poll(self._stop), self._models.values()))
        self._watchers = [threading.Thread(target=self._watch, args=[model]) for model in self._models.values()]
        for watcher in self._watchers:
            watcher.start()

    def find(self, spec: ModelSpec) -> tuple[int, SavedModel]:
        """Returns the loaded version that a request names, as `ServedModel.find` does.

        Raises:
            tf.errors.OpError: It names none, or one that is not loaded.
        """
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        if spec.HasField("version_label"):
            raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        number = spec.version.value if spec.HasField("version") else None
        if spec.name not in self._models:
            raise not_loaded(spec.name, number)
        return self._models[spec.name].find(number)

    def statuses(self, spec: ModelSpec) -> list[ModelVersionStatus]:
        """Returns the status of the version that a request names, else of all, highest first.

        Raises:
            tf.errors.NotFoundError: There is none.
        """
        statuses = self._models[spec.name].statuses() if spec.name in self._models else []
        which = "any versions"
        if spec.HasField("version"):
            statuses = [status for status in statuses if status.version == spec.version.value]
            which = f"version {spec.version.value}"
        if not statuses:
            raise not_found(f"Could not find {which} of model {spec.name}")
        return statuses

    def close(self) -> None:
        """Waits for the watchers, which see `stop`, and closes every model."""
        for watcher in self._watchers:
            watcher.join()
        for model in self._models.values():
            model.close()

    def _watch(self, model: ServedModel) -> None:
        while self._poll_seconds and not self._stop.wait(self._poll_seconds):
            model.poll(self._stop)
