"""`python -m server.deploy`: the flags, and what the person at the terminal reads."""

import argparse
import logging
import os
import sys
from pathlib import Path

from server.deploy import elsewhere, local
from server.deploy.start import Settings
from server.flag_values import address, number
from server.serve.watch import ServeError, StopRequested

_DESCRIPTION = """\
deploy   checks all that is needed, names all that is missing, starts, and waits until a release is served
status   says how it is; its status is 0 only if all is well
stop     ends it, and leaves nothing of it

Locally supervisord keeps up the gateway and the model server that `make serve` would take."""

_log = logging.getLogger("deploy")


def main(argv: list[str] | None = None) -> int:
    """Does as the flags say; returns the command's status, 0 where all is well."""
    # All of it on stderr, as `make serve` does.
    logging.basicConfig(level=logging.INFO, format="%(name)-7s | %(message)s")
    parser = _parser()
    arguments = parser.parse_args(argv)
    if arguments.overlay and arguments.platform != "kubernetes":
        parser.error(f"--overlay is for --platform kubernetes, not {arguments.platform} (make: PLATFORM=kubernetes)")
    try:
        return _run_locally(arguments) if arguments.platform == "local" else _run_elsewhere(arguments)
    except StopRequested as request:
        _log.info("stopped; nothing is left")
        return 128 + request.signum
    except KeyboardInterrupt:
        return 130
    except (ServeError, OSError) as error:
        for line in str(error).splitlines():
            _log.error("%s", line)
        return 1


def _run_locally(arguments: argparse.Namespace) -> int:
    if arguments.action == "status":
        return 0 if local.status(arguments.folder) else 1
    if arguments.action == "stop":
        local.stop(arguments.folder)
        return 0
    local.deploy(
        Settings(
            folder=arguments.folder,
            releases=arguments.releases,
            port=arguments.port,
            model_server_port=0 if arguments.target else arguments.model_server_port,
            target=arguments.target or "",
            ready_seconds=arguments.ready_seconds,
        )
    )
    return 0


def _run_elsewhere(arguments: argparse.Namespace) -> int:
    if arguments.platform == "compose":
        platform = elsewhere.compose(arguments.releases, arguments.port)
    else:
        platform = elsewhere.kubernetes(arguments.overlay)
    return elsewhere.run(platform, arguments.action)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server.deploy",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add, port = parser.add_argument, number(int, 0, 65535)
    add("action", choices=("deploy", "status", "stop"))
    add("--platform", choices=("local", "compose", "kubernetes"), default="local", help="(%(default)s)")
    add("--releases", type=_path, default="serving_models", help="the folder of releases (%(default)s)")
    add("--port", type=port, default=50051, help="the gateway's; 0: any (%(default)s)")
    add("--model_server_port", type=port, default=8500, help="locally, the model server's; 0: any (%(default)s)")
    add("--folder", type=_path, default=".deployed", help="of a local deployment, with its logs (%(default)s)")
    add("--ready_seconds", type=number(float, 0.1, 3600), default=120, help="how long each wait may take (%(default)s)")
    target = os.environ.get("TF_SERVING_TARGET") or None
    add("--target", type=address, default=target, help="of a model server that runs already (TF_SERVING_TARGET)")
    add("--overlay", choices=elsewhere.OVERLAYS, help="for kubernetes")
    return parser


def _path(text: str) -> Path:
    return Path(text).resolve()


if __name__ == "__main__":
    sys.exit(main())
