"""Where a gateway may listen: addresses that nobody else listens on, looked at before anything is started."""

import errno
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, TypeAlias, TypeVar

# How often another free port is looked for.
_TRIES = 20

T = TypeVar("T")
_Address: TypeAlias = tuple[Any, ...]


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
    _on_every_address(host, port, lambda family, address: socket.create_server(address, family=family).close())


def _on_every_address(host: str, port: int, use: Callable[[socket.AddressFamily, _Address], object]) -> None:
    used, missing = False, None
    for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        try:
            use(family, address)
            used = True
        except OSError as error:
            # A name may have an address of a kind that this machine does not have.
            if error.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                raise
            missing = error
    if missing and not used:
        raise missing


@contextmanager
def held_port(host: str, port: int) -> Iterator[int]:
    """Holds a port for workers that will share it, without listening; yields its number, a free one for 0.

    Raises:
        PortError: Another listens there, or nobody can.
    """
    with ExitStack() as held:
        yield listen_where_free(host, port, lambda _: _hold(held, host.strip("[]"), port))


def _hold(held: ExitStack, host: str, port: int) -> int:
    """Holds a port on every address of a host; one found free on the first may not be so on others."""
    for _ in range(0 if port else _TRIES):
        with suppress(OSError):
            return _hold_one(held, host, port)
    return _hold_one(held, host, port)


def _hold_one(held: ExitStack, host: str, port: int) -> int:
    number, holders = port, ExitStack()

    def hold(family: socket.AddressFamily, address: _Address) -> None:
        nonlocal number
        holder = holders.enter_context(socket.socket(family))
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        holder.bind((address[0], number, *address[2:]))
        number = int(holder.getsockname()[1])

    with holders:
        _on_every_address(host, port, hold)
        held.push(holders.pop_all())
    return number
