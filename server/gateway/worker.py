"""`python -m server.gateway.worker`: one gateway of several, told what to do by server.gateway.workers over stdin."""

import asyncio
import os
import pickle
import socket


def main() -> None:
    """Runs a gateway until its parent says stop."""
    # A copy, as its end is to tell the parent that the process is over.
    with socket.socket(fileno=os.dup(0)) as parent:
        size = int.from_bytes(parent.recv(4, socket.MSG_WAITALL))
        told = parent.recv(size, socket.MSG_WAITALL)
        if not size or len(told) < size:  # the parent is gone
            return
        config, set_up, number = pickle.loads(told)  # noqa: S301 - from the parent
        set_up()
        if config.metrics_port:
            from prometheus_client import values

            # Whoever takes the place of one that died counts on in its files: their number is bounded, and nothing is
            # lost.
            values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
        from server.gateway.server import serve  # only now, as its metrics are of that class

        asyncio.run(serve(config, parent))


if __name__ == "__main__":
    main()
