"""Reads the command line, with the flags of tensorflow_model_server."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

_USAGE = "python -m server.embedded --model_config_file=FILE [--port=8500] [--help]"
_DESCRIPTION = (
    "A development stand-in for TensorFlow Serving. It listens on localhost only, without encryption. "
    "Flags of tensorflow_model_server that are not listed here are reported and ignored."
)
_MOST = {"port": 65535, "load_retry_interval_micros": 2**63 - 1}


def _flag(default: object, about: str) -> Any:  # noqa: ANN401 - as dataclasses.field
    return field(default=default, metadata={"about": about})


@dataclass(frozen=True)
class Flags:
    """The flags that are kept; names, meaning and defaults are tensorflow_model_server's."""

    port: int = _flag(8500, "port on localhost; 0 picks a free one")
    grpc_socket_path: str = _flag("", "a UNIX socket to listen on as well")
    model_config_file: str = _flag("", "the models to serve, a ModelServerConfig in text format")
    model_name: str = _flag("default", "name of a single model, where there is no config file")
    model_base_path: str = _flag("", "absolute folder of that model's versions")
    saved_model_tags: str = _flag("serve", "tags of the graph to load, comma-separated")
    file_system_poll_wait_seconds: float = _flag(1.0, "between looks for versions; 0 looks once")
    max_num_load_retries: int = _flag(5, "further tries with a version that failed to load")
    load_retry_interval_micros: int = _flag(60_000_000, "between those tries")
    enable_model_warmup: bool = _flag(True, "run a version's warm-up requests before serving it")
    tensorflow_intra_op_parallelism: int = _flag(0, "threads of one op; 0 is TensorFlow's choice")
    tensorflow_inter_op_parallelism: int = _flag(0, "ops at once; 0 is TensorFlow's choice")
    enable_grpc_healthcheck_service: bool = _flag(False, "serve grpc.health.v1 as well")
    enable_serialization_as_tensor_content: bool = _flag(False, "send outputs as tensor_content")


def parse_flags(arguments: Sequence[str]) -> tuple[Flags, list[str]]:
    """Returns the flags, and whatever else stood on the command line: to be reported as ignored.

    Raises:
        SystemExit: A value is bad or no model is named, and stderr says which; or help was asked for.
    """
    parser = argparse.ArgumentParser("server.embedded", _USAGE, _DESCRIPTION, allow_abbrev=False)
    for each in fields(Flags):
        default: Any = each.default
        parse = _boolean if isinstance(default, bool) else type(default)
        alone: dict[str, Any] = {"nargs": "?", "const": True} if parse is _boolean else {}
        about = f"{each.metadata['about']} (default: {str(default).lower() or 'none'})"
        parser.add_argument(f"--{each.name}", type=parse, default=default, help=about, **alone)
    values, ignored = parser.parse_known_args(arguments)
    flags = Flags(**vars(values))
    if fault := _fault(flags):
        parser.error(fault)
    return flags, ignored


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "1": True, "false": False, "0": False}[text.lower()]
    except KeyError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false") from None


def _fault(flags: Flags) -> str | None:
    for name, value in vars(flags).items():
        most = _MOST.get(name, 2**31 - 1)
        if isinstance(value, int | float) and not 0 <= value <= most:
            return f"argument --{name}: {value} is not in 0..{most}"
    if not (flags.model_config_file or flags.model_base_path):
        return "name the models with --model_config_file, or one model with --model_base_path"
    return None
