"""Starts the server: `python -m server.embedded --model_config_file=FILE --port=8500`."""

import gc
import logging
import os
import signal
import sys

from server.time_slices import SHORT_NS, ask_for_slices

_LISTENING = "server.embedded (development stand-in for TensorFlow Serving) listening on"
_STOP = {signal.SIGTERM, signal.SIGINT}


def main() -> None:
    """Serves until SIGTERM or SIGINT; exits with 1 and the reason where it could not start."""
    # For every later thread too: Python's own handler waits for a main thread that need not wake.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
    ask_for_slices(SHORT_NS)  # for every later thread too, so that none waits out the slice of the one that loads
    # Every error of theirs also arrives as an exception; must be set before either is first imported.
    os.environ |= {"TF_CPP_MIN_LOG_LEVEL": "3", "GRPC_VERBOSITY": "NONE"} | os.environ
    import tensorflow as tf

    from server.embedded.config import parse_flags
    from server.embedded.serving import serving

    # A look for garbage in what was imported would stop requests for 0.15 s; short turns let them in during a load.
    gc.freeze()
    sys.setswitchinterval(0.0005)
    flags, ignored = parse_flags(sys.argv[1:])
    logging.basicConfig(format="server.embedded: %(message)s")
    logging.getLogger("server.embedded").setLevel(logging.INFO)
    if ignored:
        logging.warning("ignored: %s", " ".join(ignored))
    try:
        with serving(flags) as port:
            print(_LISTENING, f"localhost:{port}", flush=True)  # noqa: T201 - how callers learn the port
            signal.sigwait(_STOP)
    except (OSError, tf.errors.OpError) as error:
        sys.exit(f"server.embedded: {getattr(error, 'message', error)}")


if __name__ == "__main__":
    main()
