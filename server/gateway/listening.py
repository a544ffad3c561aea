"""Where a gateway may listen: addresses that nobody else listens on, looked at before anything is started."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TypeVar

T = TypeVar("T")


class PortError(Exception):
    """The gateway cannot listen where it was told to; the message says where and why."""


def listen_where_free(host: str, port: int, listen: Callable[[str], T]) -> T:
    """Lets `listen` listen on an address, once nobody else does.

    Raises:
        PortError: Another listens there, or nobody can.
    """
    address = f"{host}:{port}"
    try:
        require_free(host.strip("[]"), port)
        return listen(address)
    except (OSError, RuntimeError) as error:
        raise PortError(f"cannot listen on {address}: {error}") from error


def require_free(host: str, port: int) -> None:
    """Looks at every address of a host, as gRPC is content with one of them that is free.

    Raises:
        OSError: Another listens on one, or the host is unknown or none of this machine.
    """
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for family, _, _, _, address in addresses:
        try:
            socket.create_server(address, family=family).close()
        except OSError as error:
            # A name may have an address of a kind that this machine does not have.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT) or len(addresses) == 1:
                raise


@contextmanager
def held_port(host: str, port: int) -> Iterator[int]:
    """Holds a port for workers that will share it, without listening; yields its number, a free one for 0.

    Raises:
        PortError: Another listens there, or nobody can.
    """
    with ExitStack() as held:

        def hold(_address: str) -> int:
            family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
            holder = held.enter_context(socket.socket(family))
            holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            holder.bind(address)
            return int(holder.getsockname()[1])

        yield listen_where_free(host, port, hold)
