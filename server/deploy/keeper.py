"""`python -m server.deploy.keeper FOLDER SUPERVISORD_PID`: becomes supervisord when the one that started it dies.

So each starts the other anew; with the pid 0 it becomes the first one at once.
"""

import os
import sys
import time
from pathlib import Path

from server.deploy.folder import exit_if_stopping, hold

# Where the programs that supervisord starts find its pid.
PID = "PAIRREC_SUPERVISORD"
_POLL_SECONDS = 0.1


def main() -> None:
    """Waits for the end of supervisord, and takes its place unless the deployment is being stopped."""
    folder = Path(sys.argv[1])
    hold(folder)
    while os.getppid() == int(sys.argv[2]):
        time.sleep(_POLL_SECONDS)
    exit_if_stopping(folder)
    _become_supervisord(folder)


def _become_supervisord(folder: Path) -> None:
    os.chdir(folder)
    output = os.open("supervisord.out", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for fd in (1, 2):  # pipes to the one that died
        os.dup2(output, fd)
    Path("supervisor.sock").unlink(missing_ok=True)  # supervisord would wait a while over one that is left
    os.environ[PID] = str(os.getpid())
    command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-c", "supervisord.conf"]
    os.execv(sys.executable, command)  # noqa: S606  # no shell is wanted


if __name__ == "__main__":
    main()
