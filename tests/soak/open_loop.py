"""Requests at a fixed rate, each of them due whether or not those before it were answered."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any


async def send_at(rate: float, ask: Callable[[float], Coroutine[Any, Any, None]], over: asyncio.Event) -> float:
    """Calls `ask` so many times a second, with the loop's time when each was due, until it is over.

    Returns:
        The calls a second that were really made.
    """
    loop = asyncio.get_running_loop()
    began, asking = loop.time(), set[asyncio.Task[None]]()
    number = 0
    while not over.is_set():
        due = began + number / rate
        await asyncio.sleep(due - loop.time())
        asking = {task for task in asking if not _is_done(task)}
        asking.add(asyncio.create_task(ask(due)))
        number += 1
    reached = number / (loop.time() - began)
    await asyncio.gather(*asking)
    return reached


def _is_done(task: asyncio.Task[None]) -> bool:
    if task.done():
        task.result()  # an error of ours, if any
    return task.done()
