"""`python -m server.deploy.held FOLDER SUPERVISORD_PID COMMAND ...`: becomes a server of a local deployment.

It is killed with its supervisord, whose successor starts another: two would want the same port.
"""

import os
import signal
import sys
from pathlib import Path

from server.deploy.folder import hold
from server.serve.tethered import tether

if __name__ == "__main__":
    folder, launcher, *command = sys.argv[1:]
    tether(int(launcher), signal.SIGKILL)
    hold(Path(folder))
    try:
        os.execvp(command[0], command)  # noqa: S606  # no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")
