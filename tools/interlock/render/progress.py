"""A progress bar on standard error: files done, and what is going on; silent where nobody watches.

It refreshes only when told something, never from a thread of its own: worker processes are forked while it shows.
"""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

_INTERVAL = 0.1


class Bar:
    """How far a run over several files is.  A context manager; nothing is left on the screen afterwards."""

    def __init__(self, files: int) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            BarColumn(24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            auto_refresh=False,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=files)
        self._last = 0.0

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def tell(self, text: str, done: int) -> None:
        """Say what is going on and how many files are done; dropped if something was said just before."""
        now = time.monotonic()
        if now - self._last >= _INTERVAL:
            self._last = now
            self._progress.update(self._task, description=text, completed=done)
            self._progress.refresh()

    @property
    def console(self) -> Console:
        """The console that the bar is on, for printing beside it."""
        return self._progress.console
