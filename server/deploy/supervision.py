"""What supervisord is told: which programs to keep up, how to stop them, and where their lines go."""

import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from server.deploy.keeper import PID
from server.serve.children import STOP_SECONDS

# All paths are relative to the folder, where supervisord runs: it reads "%" and " ;" in what stands here.
_SUPERVISORD = """\
[supervisord]
nodaemon = true
silent = true
logfile = supervisord.log
logfile_maxbytes = 1MB
logfile_backups = 1
pidfile = supervisord.pid

[unix_http_server]
file = supervisor.sock
chmod = 0700

[supervisorctl]
serverurl = unix://supervisor.sock

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
# The highest priority is started last and stopped first. Whoever ends within startsecs is started again after
# one second more each time, others at once.
_PROGRAM = """
[program:{name}]
command = /bin/sh {name}
priority = {priority}
autorestart = true
startsecs = 5
startretries = 1000000000
stopwaitsecs = {stop_seconds:.0f}
stopasgroup = true
redirect_stderr = true
stdout_logfile = {name}.log
stdout_logfile_maxbytes = 10MB
stdout_logfile_backups = 3
"""
# The longest name in the folder is that of the socket while supervisord makes it: supervisor.sock.PID.
_LONGEST_SOCKET = 107 - len("/supervisor.sock.") - len("4194304")


def folder_lacks(folder: Path) -> str:
    """Says that a folder's path is too long for a unix socket in it; empty where it is not."""
    if (length := len(os.fsencode(folder))) <= _LONGEST_SOCKET:
        return ""
    return (
        f"{folder} has {length} bytes, a socket in it allows {_LONGEST_SOCKET}: choose a shorter one "
        "with --folder (make: DEPLOYED=...)"
    )


def supervise(folder: Path, commands: Mapping[str, Sequence[str]], before: Mapping[str, Sequence[str]]) -> None:
    """Writes supervisord's configuration and a script for each program.

    Args:
        folder: the deployment's.
        commands: of the servers by their names, in the order of their start.
        before: what to run each time before a server of that name.
    """
    held = [sys.executable, "-P", "-m", "server.deploy.held", str(folder)]
    scripts = {
        name: f"{_quietly(before.get(name))}exec {shlex.join(held)} ${PID} {shlex.join(command)}\n"
        for name, command in commands.items()
    }
    scripts["keeper"] = f"exec {shlex.join([sys.executable, '-P', '-m', 'server.deploy.keeper', str(folder)])} ${PID}\n"
    config = _SUPERVISORD
    for priority, (name, script) in enumerate(scripts.items()):
        (folder / name).write_bytes(os.fsencode(script))
        config += _PROGRAM.format(name=name, priority=priority, stop_seconds=STOP_SECONDS)
    (folder / "supervisord.conf").write_text(config)


def _quietly(command: Sequence[str] | None) -> str:
    return f"{shlex.join(command)} >/dev/null 2>&1\n" if command else ""
