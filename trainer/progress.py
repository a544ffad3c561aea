"""Says what is being done while it is done."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table


class Steps:
    """Reports steps on stderr: a bar while one runs where there is a terminal, and a line when it is done."""

    def __init__(self) -> None:
        """Writes to stderr as it is now."""
        # What is said holds paths, which may look like markup.
        self._console = Console(stderr=True, highlight=False, markup=False, emoji=False)

    def say(self, line: str) -> None:
        """Writes one line."""
        self._console.print(line, soft_wrap=True)

    def show(self, table: Table) -> None:
        """Draws a table."""
        self._console.print(table)

    @contextmanager
    def step(self, name: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Yields a function to report how many of `total` parts are done."""
        started = time.monotonic()
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        quiet = not self._console.is_terminal
        with Progress(*columns, TimeElapsedColumn(), console=self._console, transient=True, disable=quiet) as bar:
            task = bar.add_task(name, total=total)
            yield lambda done: bar.update(task, completed=done)
        self.say(f"  {name} ({time.monotonic() - started:.1f} s)")
