"""Reads which models to serve: a ModelServerConfig in text format, or one model named by flags."""

import logging
from collections.abc import Collection
from pathlib import Path

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig, ModelType

from server.embedded.errors import invalid
from server.embedded.flags import Flags

_log = logging.getLogger(__name__)


def read_models(flags: Flags) -> list[ModelConfig]:
    """Returns the models to serve; none where the file names none.

    Raises:
        tf.errors.InvalidArgumentError: The file cannot be read or parsed, or a model's entry is not valid.
    """
    if flags.model_config_file:
        models = _parse(Path(flags.model_config_file))
    else:
        name, base_path = flags.model_name, flags.model_base_path
        models = [ModelConfig(name=name, base_path=base_path, model_platform="tensorflow")]
    names: set[str] = set()
    for model in models:
        if fault := _fault(model, names):
            raise invalid(fault)
        names.add(model.name)
        if model.version_labels:
            _log.warning("%s: version_labels are not kept", model.name)
    return models


def _parse(file: Path) -> list[ModelConfig]:
    try:
        config = text_format.Parse(file.read_text("utf-8"), ModelServerConfig())
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        message = f"Error parsing text-format tensorflow.serving.ModelServerConfig: {file}: {error}"
        raise invalid(message) from error
    if config.HasField("custom_model_config"):
        raise invalid(f"{file}: custom_model_config is not supported; use model_config_list")
    return list(config.model_config_list.config)


def _fault(model: ModelConfig, names_before: Collection[str]) -> str | None:
    if model.name in names_before:
        return f"Illegal to list model {model.name} multiple times in config list"
    if "://" in model.base_path:
        return f"Model {model.name}: only local folders are served here; got base_path()={model.base_path}"
    if not Path(model.base_path).is_absolute():
        return f"Expected model {model.name} to have an absolute path or URI; got base_path()={model.base_path}"
    platform = model.model_platform
    if not platform and model.model_type:
        platform = ModelType.Name(model.model_type).lower()
    if not platform:
        return (
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform, model name is {model.name}"
        )
    return None if platform == "tensorflow" else f"Model {model.name} requests unsupported platform {platform}"
