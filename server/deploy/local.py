"""Model server and gateway on this machine, kept up by supervisord."""

import fcntl
import importlib.util
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from server.deploy.folder import LOCK, holders, strangers
from server.deploy.removal import remove
from server.deploy.start import Settings, start
from server.deploy.state import Deployment, look
from server.deploy.supervision import folder_lacks
from server.serve.stack import releases_lack, serving_ports
from server.serve.watch import ServeError, Watch

_log = logging.getLogger("deploy")


def deploy(settings: Settings) -> None:
    """Starts what keeps both servers up, and returns once they serve a release; else nothing is left.

    Raises:
        ServeError: what is needed is not there, or they did not come up; the message says all there is to say.
        StopRequested: a signal came.
    """
    with _alone(settings.folder):
        watch = Watch()
        checked = _check(settings)
        settings.folder.mkdir(mode=0o700)
        try:
            start(checked, watch)
        except BaseException:
            remove(settings.folder)
            raise


def status(folder: Path) -> bool:
    """Says how a deployment is; returns whether all is well."""
    if not folder.exists():
        _log.info("nothing is deployed: no folder %s", folder)
        return False
    deployment = Deployment.read(folder)
    if deployment is None or not holders(folder):
        _log.error("nothing runs from %s: a deployment is starting, or has ended and `make stop` clears up", folder)
        return False
    state = look(folder, deployment)
    for line in state.lines:
        _log.info("%s", line)
    for fault in state.faults:
        _log.error("%s", fault)
    return not state.faults


def stop(folder: Path) -> None:
    """Ends all processes of a deployment, the gateway before the model server, and removes its folder.

    Raises:
        ServeError: the folder is none of a deployment, or holds something else too.
    """
    with _alone(folder):
        if not folder.exists():
            _log.info("nothing is deployed: no folder %s", folder)
        elif any(folder.iterdir()) and not (folder / LOCK).exists():
            raise ServeError(f"{folder} is no folder of a deployment: nothing in it is touched")
        elif names := strangers(folder):
            what = f"{folder} holds what no deployment writes ({', '.join(names)})"
            raise ServeError(f"{what}: nothing is touched and nothing ends; move it elsewhere, then `make stop`")
        else:
            remove(folder)
            _log.info("stopped; %s is removed with its logs", folder)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keeps out every other command that deploys to or stops the folder; waits for one that runs."""
    if not folder.parent.is_dir() or (folder.exists() and not folder.is_dir()):
        raise ServeError(f"{folder} cannot be made, or is a file: choose another with --folder (make: DEPLOYED=...)")
    beside = os.open(folder.parent, os.O_RDONLY)
    try:
        try:
            fcntl.flock(beside, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _log.info("waiting for the end of another `make deploy` or `make stop`")
            fcntl.flock(beside, fcntl.LOCK_EX)
        yield
    finally:
        os.close(beside)


def _check(settings: Settings) -> Settings:
    """Returns them with the ports to use; raises ServeError, which names all that is missing."""
    folder = settings.folder
    if folder.exists():
        if strangers(folder):
            raise ServeError(f"{folder} is in other use: choose another with --folder (make: DEPLOYED=...)")
        what = f"runs from {folder}: `make status`" if holders(folder) else f"has ended and left {folder}"
        raise ServeError(f"a deployment {what}; `make stop` before another")
    lacks = [folder_lacks(folder), releases_lack(settings.releases)]
    if sys.platform != "linux":
        lacks.append("a local deployment needs Linux, as its processes end with their supervisord by Linux' means")
    if importlib.util.find_spec("supervisor") is None:
        lacks.append("the package supervisor is not installed: `make setup`")
    try:
        port, models_port = serving_ports(settings.port, settings.model_server_port)
    except ServeError as error:
        lacks.append(str(error))
    if any(lacks):
        raise ServeError("\n".join(filter(None, lacks)))
    return replace(settings, port=port, model_server_port=models_port)
