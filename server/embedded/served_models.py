"""All models and their version labels: changes what is served, keeps watch, and finds what a request names."""

import threading
from collections.abc import Sequence

from tensorflow.core.protobuf.error_codes_pb2 import Code
from tensorflow_serving.apis.get_model_status_pb2 import ModelVersionStatus
from tensorflow_serving.apis.model_pb2 import ModelSpec
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig

from server.embedded.config import Flags
from server.embedded.errors import failed_precondition, invalid, not_found, unknown
from server.embedded.served_model import ServedModel
from server.saved_model import SavedModel, give_way


class ServedModels:
    """The models of one server, by name; a thread of its own watches their folders until `close`."""

    def __init__(self, flags: Flags) -> None:
        self._flags = flags
        # Requests read these two: they are replaced, never changed. A model left out stays, for its statuses.
        self._models: dict[str, ServedModel] = {}
        self._labels: dict[tuple[str, str], int] = {}
        self._no_model = ServedModel("", flags)
        self._configuring = threading.Lock()
        self._stop, self._look_now = threading.Event(), threading.Event()
        self._watcher = threading.Thread(target=self._watch)
        self._watcher.start()

    def configure(self, configs: Sequence[ModelConfig]) -> None:
        """Serves these models and no others; returns when all versions of the new ones were tried once.

        Raises:
            tf.errors.FailedPreconditionError: A label names a version that is not available; nothing has changed.
            tf.errors.UnknownError: No version of a new model is available; it is tried on as the flags say.
        """
        by_name = {config.name: config for config in configs}
        with self._configuring:
            self._labels = self._checked_labels(configs)
            self._models = {name: ServedModel(name, self._flags) for name in by_name} | self._models
            changed = {n: model for n, model in self._models.items() if (n in by_name) != bool(model.config)}
            for name, model in self._models.items():
                model.config = by_name.get(name)
            for model in changed.values():
                model.poll(self._stop)
        if self._models.keys() - changed.keys():  # of these, folder or policy may have changed
            self._look_now.set()
        if failed := {name: model for name, model in changed.items() if name in by_name and not model.loaded()}:
            errors = "".join(
                f"{{{{name: {name} version: {last.version}}} due to error: "
                f"{Code.Name(last.status.error_code)}: {last.status.error_message}}}, "
                for name, model in failed.items()
                for last in model.statuses()[:1]
            )
            raise unknown(f"{len(failed)} model(s) did not become available: {{{errors}}}")

    def find(self, spec: ModelSpec) -> tuple[ModelSpec, SavedModel]:
        """Returns the loaded version that a request names, which works for as long as it is held, or an error."""
        if not spec.name:
            raise invalid("ModelSpec has no name specified.")
        number = spec.version.value if spec.HasField("version") else None
        if spec.HasField("version_label"):
            number = self._labels.get((spec.name, spec.version_label))
            if number is None:
                raise invalid(f"Unrecognized servable version label: {spec.version_label}")
        loaded = self._models.get(spec.name, self._no_model).loaded()
        servable = f"Latest({spec.name})" if number is None else f"Specific({spec.name}, {number})"
        number = max(loaded, default=None) if number is None else number
        if number not in loaded:
            raise not_found(f"Servable not found for request: {servable}")
        return ModelSpec(name=spec.name, version={"value": number}), loaded[number]

    def statuses(self, spec: ModelSpec) -> list[ModelVersionStatus]:
        """Returns the status of the version that a request names, else of all, highest first; NOT_FOUND for none."""
        number = spec.version.value if spec.HasField("version") else None
        statuses = [s for s in self._models.get(spec.name, self._no_model).statuses() if number in (None, s.version)]
        if not statuses:
            which = "any versions" if number is None else f"version {number}"
            raise not_found(f"Could not find {which} of model {spec.name}")
        return statuses

    def close(self) -> None:
        """Ends the watch, then all requests still under way, and closes every model."""
        self._stop.set()
        self._look_now.set()
        self._watcher.join()
        for model in self._models.values():
            for version in model.loaded().values():
                version.close()

    def _checked_labels(self, configs: Sequence[ModelConfig]) -> dict[tuple[str, str], int]:
        labels = {(config.name, label): n for config in configs for label, n in config.version_labels.items()}
        for (name, label), number in labels.items():
            is_new = self._labels.get((name, label), number) == number
            may_be_early = is_new and self._flags.allow_version_labels_for_unavailable_models
            if not (may_be_early or number in self._models.get(name, self._no_model).loaded()):
                why = "which is not currently available for inference"
                raise failed_precondition(f"Request to assign label to version {number} of model {name}, {why}")
        return labels

    def _watch(self) -> None:
        give_way(self._flags.tensorflow_intra_op_parallelism, self._flags.tensorflow_inter_op_parallelism)
        while not self._stop.is_set():
            self._look_now.wait(self._flags.file_system_poll_wait_seconds or None)
            self._look_now.clear()
            for model in self._models.values():
                model.poll(self._stop)
