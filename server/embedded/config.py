"""What to serve and how: the flags of tensorflow_model_server, and its ModelServerConfig in text format."""

import argparse
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig, ModelType

from server.embedded.errors import invalid


@dataclass(frozen=True)
class Flags:
    """The flags of server.embedded, a development stand-in for TensorFlow Serving.

    They mean what they mean to tensorflow_model_server, whose other flags are reported and ignored. It serves local
    folders on localhost, without encryption.
    """

    port: int = 8500  # 0 picks a free one
    grpc_socket_path: str = ""
    model_config_file: str = ""
    model_name: str = "default"
    model_base_path: str = ""
    saved_model_tags: str = "serve"
    file_system_poll_wait_seconds: float = 1.0  # 0 looks once
    max_num_load_retries: int = 5
    load_retry_interval_micros: int = 60_000_000
    enable_model_warmup: bool = True
    allow_version_labels_for_unavailable_models: bool = False
    tensorflow_intra_op_parallelism: int = 0
    tensorflow_inter_op_parallelism: int = 0
    enable_grpc_healthcheck_service: bool = False
    enable_serialization_as_tensor_content: bool = False


def parse_flags(arguments: Sequence[str]) -> tuple[Flags, list[str]]:
    """Returns the flags and whatever else was given, to be reported as ignored; exits on a bad or missing value."""

    def boolean(text: str) -> bool:
        return bool(("false", "true", "0", "1").index(text.lower()) % 2)

    usage = "python -m server.embedded --model_config_file=FILE [--port=8500] [--help]"
    parser = argparse.ArgumentParser("server.embedded", usage, Flags.__doc__, allow_abbrev=False)
    for flag in fields(Flags):
        kind: Any = type(flag.default)
        options: dict[str, Any] = {"type": boolean, "nargs": "?", "const": True} if kind is bool else {"type": kind}
        parser.add_argument(f"--{flag.name}", default=flag.default, help=f"default: {flag.default}", **options)
    values, ignored = parser.parse_known_args(arguments)
    for name, value in vars(values).items():
        if not isinstance(value, str) and not 0 <= value <= threading.TIMEOUT_MAX:
            parser.error(f"argument --{name}: {value} is not in 0..{threading.TIMEOUT_MAX:.0f}")
    if not (values.model_config_file or values.model_base_path):
        parser.error("name the models with --model_config_file, or one model with --model_base_path")
    return Flags(**vars(values)), ignored


def read_models(flags: Flags) -> list[ModelConfig]:
    """Returns the models that file or flags name; INVALID_ARGUMENT where they cannot be read or are not valid."""
    config, file = ModelServerConfig(), flags.model_config_file
    if not file:
        single = ModelConfig(name=flags.model_name, base_path=flags.model_base_path, model_platform="tensorflow")
        return check_models(ModelServerConfig(model_config_list={"config": [single]}))
    try:
        text_format.Parse(Path(file).read_text("utf-8"), config)
    except (OSError, UnicodeDecodeError, text_format.ParseError) as error:
        raise invalid(f"Error parsing text-format tensorflow.serving.ModelServerConfig: {file}: {error}") from error
    return check_models(config) if config.WhichOneof("config") else []


def check_models(config: ModelServerConfig) -> list[ModelConfig]:
    """Returns the models listed; INVALID_ARGUMENT where there is no list, or an entry is not valid."""
    if not config.HasField("model_config_list"):
        kept = "Only ModelConfigList is currently supported"
        raise invalid(f"ServerModelConfig type not supported by HandleReloadConfigRequest. {kept}")
    models = list(config.model_config_list.config)
    for name, count in Counter(model.name for model in models).items():
        if count > 1:
            raise invalid(f"Illegal to list model {name} multiple times in config list")
    for name, path in [(model.name, model.base_path) for model in models]:
        if not Path(path).is_absolute():
            raise invalid(f"Expected model {name} to have an absolute path or URI; got base_path()={path}")
    for model in models:
        platform = model.model_platform or ("tensorflow" if model.model_type == ModelType.TENSORFLOW else "")
        if not platform:
            settings = "ModelServerConfig::model_type (deprecated) nor ModelServerConfig::model_platform"
            raise invalid(f"Illegal setting neither {settings}, model name is {model.name}")
        if platform != "tensorflow":
            raise invalid(f"Model {model.name} requests unsupported platform {platform}")
    return models
