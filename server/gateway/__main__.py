"""`python -m server.gateway`: reads the flags and runs the gateway."""

import argparse
import os
import sys
from functools import partial
from pathlib import Path

from server.flag_values import address, number
from server.gateway.config import LOG_KEY, GatewayConfig
from server.gateway.listening import PortError
from server.gateway.logs import FORMATS, set_up_logging
from server.gateway.workers import supervise


def main() -> int:
    """Runs the gateway; returns the exit code."""
    arguments = vars(_parser().parse_args())
    set_up = partial(set_up_logging, arguments.pop("log_level"), arguments.pop("log_format"))
    set_up()
    config = GatewayConfig(**arguments, log_key=os.environ.get(LOG_KEY, "").encode())
    try:
        return supervise(config, set_up) if config.workers > 1 else _serve(config)
    except PortError as error:
        print(f"gateway: {error}", file=sys.stderr)  # noqa: T201 - the one line that says why it does not start
        return 1


def _serve(config: GatewayConfig) -> int:
    import asyncio  # not where workers do: it would take memory for nothing

    from server.gateway.server import serve

    asyncio.run(serve(config))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m server.gateway",
        description="Answers pairrec.v1.PairRecommendationService over gRPC, with the models of a model server.",
        epilog=f"{LOG_KEY} in the environment keys the user ids in the log; without it, a key of this run only.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--host", default="localhost", help="address to listen on; 0.0.0.0 or [::] for all")
    add("--port", type=number(int, 0, 65535), default=50051, help="port to listen on; 0 picks a free one")
    add("--model_server", type=address, default="localhost:8500", help="host:port of the model server")
    add("--releases", type=Path, default=Path("serving_models"), help="folder the trainer exports to")
    add("--default_deadline_ms", type=number(int, 1, 3_600_000), default=2000, help="for calls without one")
    add("--deadline_margin_ms", type=number(int, 0, 10_000), default=50, help="kept back to answer in time")
    add("--poll_seconds", type=number(float, 0.05, 3600), default=1.0, help="how often to look for releases")
    add("--max_in_flight", type=number(int, 1, 10_000), default=64, help="calls at once; more are refused at once")
    kept = "MiB for what models said of users, where all users' fits; 0 keeps nothing"
    add("--standings_mb", type=number(int, 0, 100_000), default=16, help=kept)
    add("--workers", type=number(int, 1, 256), default=1, help="processes that share the port, one a core at most")
    add("--drain_seconds", type=number(float, 0, 3600), default=1.0, help="calls taken after SIGTERM, once unhealthy")
    add("--metrics_port", type=number(int, 0, 65535), default=0, help="where Prometheus scrapes; 0 for nowhere")
    add("--log_format", choices=FORMATS, default="text", help="lines for people, or JSON lines for machines")
    add("--log_level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO", help="what to log")
    return parser


if __name__ == "__main__":
    sys.exit(main())
