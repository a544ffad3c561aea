"""Ports to listen on, looked at before anything is started."""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack

from server.serve.watch import ServeError


def free_ports(wanted: Mapping[str, int]) -> list[int]:
    """Returns the port to use for each one wanted, all different; 0 asks for any that is free.

    Args:
        wanted: how the person asks for another port -> the port.

    Raises:
        ServeError: some are taken or not allowed; each is named, on a line of its own.
    """
    ports, faults = [], []
    with ExitStack() as held:
        for flag, port in wanted.items():
            try:
                ports.append(held.enter_context(_listen(port)).getsockname()[1])
            except OSError as error:
                reason = os.strerror(error.errno or 0)
                faults.append(f"port {port} cannot be used: {reason}; choose another with {flag}")
    if faults:
        raise ServeError("\n".join(faults))
    return ports


def _listen(port: int) -> socket.socket:
    # On every address of both kinds: a client of "localhost" may ask at ::1 first.
    both = socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if both else socket.AF_INET
    return socket.create_server(("", port), family=family, dualstack_ipv6=both)
