"""Starts the server: `python -m server.embedded --model_config_file=FILE --port=8500`."""

import logging
import os
import signal
import sys
import threading

from server.embedded.flags import parse_flags


def main() -> int:
    """Serves until SIGTERM or SIGINT; returns the exit code, 1 where it could not start."""
    flags, ignored = parse_flags(sys.argv[1:])
    stop = threading.Event()
    _stop_on_signal(stop)
    # Every error of theirs also arrives as an exception; must be set before either is first imported.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    import tensorflow as tf

    from server.embedded.serving import ListenError, serve

    logging.basicConfig(format="server.embedded: %(message)s")
    logging.getLogger("server.embedded").setLevel(logging.INFO)
    if ignored:
        logging.getLogger("server.embedded").warning("ignored: %s", " ".join(ignored))
    try:
        serve(flags, stop, _announce)
    except (ListenError, tf.errors.InvalidArgumentError) as error:
        sys.stderr.write(f"server.embedded: {getattr(error, 'message', error)}\n")
        return 1
    return 0


def _stop_on_signal(stop: threading.Event) -> None:
    # Blocked here and so in every later thread but the one that waits for them: a handler would have to wait for
    # the main thread, which a signal that lands on another thread does not wake.
    signals = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        signal.sigwait(signals)
        stop.set()

    threading.Thread(target=wait, daemon=True).start()


def _announce(port: int) -> None:
    name = "server.embedded (development stand-in for TensorFlow Serving)"
    sys.stdout.write(f"{name} listening on localhost:{port}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
