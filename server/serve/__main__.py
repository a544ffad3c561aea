"""`python -m server.serve`: the flags, and what the person at the terminal reads."""

import argparse
import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from server.flag_values import number
from server.serve.stack import Settings, Stack
from server.serve.watch import ServeError, StopRequested, Watch

_DESCRIPTION = """\
Starts a model server and the gateway, waits until both are ready, and stops both on Ctrl-C.

The model server is the first there is of: the address in TF_SERVING_TARGET; tensorflow_model_server on PATH;
the image tensorflow/serving, where a Docker engine runs; server.embedded, a development stand-in."""

_log = logging.getLogger("serve")


def main(argv: list[str] | None = None) -> int:
    """Serves as the flags say; returns the command's status, 1 for what went wrong, 0 where asked to stop."""
    # All of it on stderr: stdout is the command's.
    logging.basicConfig(level=logging.INFO, format="%(name)-7s | %(message)s")
    settings = _parse(argv)
    try:
        return _run(settings)
    except StopRequested as request:
        _log.info("stopped")
        return 128 + request.signum if settings.command else 0
    except (ServeError, OSError) as error:
        for line in str(error).splitlines():
            _log.error("%s", line)
        return 1


def _run(settings: Settings) -> int:
    cleanup = ExitStack()
    try:
        return Stack(settings, Watch(), cleanup).run()
    finally:
        cleanup.close()


def _parse(argv: list[str] | None) -> Settings:
    parser = argparse.ArgumentParser(
        prog="python -m server.serve",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--releases", type=Path, default="serving_models", help="the folder of releases (%(default)s)")
    port = number(int, 0, 65535)
    add("--port", type=port, default=50051, help="the gateway's; 0: any (%(default)s)")
    add("--model_server_port", type=port, default=8500, help="the model server's; 0: any (%(default)s)")
    add("--ready_seconds", type=number(float, 0.1, 3600), default=120, help="how long each may take (%(default)s)")
    add("command", nargs="*", metavar="-- COMMAND", help="run this when ready, then stop with its status")
    arguments = parser.parse_args(argv)
    target = os.environ.get("TF_SERVING_TARGET", "")
    return Settings(
        releases=arguments.releases.resolve(),
        port=arguments.port,
        model_server_port=0 if target else arguments.model_server_port,  # a port nobody needs may be taken
        ready_seconds=arguments.ready_seconds,
        target=target,
        command=tuple(arguments.command),
    )


if __name__ == "__main__":
    sys.exit(main())
