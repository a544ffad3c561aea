"""`python -m server.jobs.worker`: a worker process of FnApiRunner on this machine, which is gone when the job is."""

import ctypes
import logging
import signal
import sys

# Source: prctl(2).
_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Works for the runner that the environment names, until it says that all is done."""
    # Beam's own workers finish what they have in hand, minutes of it, though nobody waits for it any more.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    logging.disable(logging.WARNING)
    # Imported here, since Beam logs as soon as it is imported.
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
