"""What is seen of many trials at once: a table that is redrawn on a terminal, a line for each event elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.door import present
from reparam.errors import UserError, printable
from reparam.runs.folder import RunFolder
from reparam.terminal import is_live
from reparam.training.progress import describe

Say = Callable[[str], None]
HEADS = ("trial", "machine", "step", "left", "validation, in nats")
EVERY = 1.0
"""Seconds between two looks at the folders."""


@dataclass(frozen=True)
class Seen:
    """A trial at work.

    Attributes:
        name: of its folder.
        host: that works on it.
        step, total: of its training; 0 before it has begun.
        left: seconds, or None where that is not known yet.
        reached: its last validation, or its last row, in words.
    """

    name: str
    host: str
    step: int = 0
    total: int = 0
    left: float | None = None
    reached: str = ""

    def cells(self) -> tuple[str, ...]:
        """As a row of the table.

        >>> Seen("vae-2", "a", 50, 200, 75.2, "elbo -103.21").cells()
        ('vae-2', 'a', '50 of 200', '1:15', 'elbo -103.21')
        """
        steps = f"{self.step:,} of {self.total:,}" if self.total else "starting"
        left = "" if self.left is None else f"{int(self.left) // 60}:{int(self.left) % 60:02}"
        return tuple(map(printable, (self.name, self.host, steps, left, self.reached)))


class Watch:
    """Looks at the folders of the trials at work.

    Args:
        say: told of what begins and what ends; None on a terminal, where the table tells.
        show: given the table's lines and how many trials have ended, of all.
    """

    def __init__(self, say: Say | None, show: Callable[[list[Seen], int, int], None] | None) -> None:
        self._say, self._show = say, show
        self._began: dict[Path, tuple[float, int]] = {}
        self._looked = 0.0

    def begun(self, folder: Path, host: str) -> None:
        """A machine has taken a trial."""
        self.tell(f"{folder}: on {host}")

    def tell(self, text: str) -> None:
        """Say something between the table's lines."""
        if self._say is not None:
            self._say(text)

    def look(self, running: Mapping[Path, str], ended: int, total: int) -> None:
        """Show how far the trials at work are, at most once a second."""
        if self._show is None or time.monotonic() < self._looked + EVERY:
            return
        self._looked = time.monotonic()
        self._show([self._seen(folder, host) for folder, host in running.items()], ended, total)

    def _seen(self, folder: Path, host: str) -> Seen:
        place = RunFolder(folder)
        try:
            rows = place.log().rows if present(place.metrics) else []
            steps = place.record().training.steps if rows else 0
        except UserError:  # it is being written, or damaged, which whoever goes on with it is told
            rows, steps = [], 0
        if not rows:
            return Seen(folder.name, host)
        step = int(rows[-1]["step"])
        began, first = self._began.setdefault(folder, (time.monotonic(), step))
        rate = (step - first) / max(time.monotonic() - began, 1e-9)
        left = (steps - step) / rate if rate else None
        told = next((row for row in reversed(rows) if row["split"] == "validation"), rows[-1])
        return Seen(folder.name, host, step, steps, left, describe(told))


@contextmanager
def watching(say: Say, quiet: bool) -> Iterator[Watch]:
    """A table on a terminal, lines elsewhere, nothing where that was asked for."""
    if quiet:
        yield Watch(None, None)
    elif not is_live():
        yield Watch(say, None)
    else:
        from rich.console import Console
        from rich.live import Live

        with Live(console=Console(file=sys.stderr), refresh_per_second=2, transient=True) as live:
            yield Watch(
                lambda text: live.console.print(printable(text), markup=False, highlight=False),
                lambda seen, ended, total: live.update(table(seen, ended, total)),
            )


def table(seen: list[Seen], ended: int, total: int) -> Any:
    """The table, with a last line that counts."""
    from rich.table import Table
    from rich.text import Text

    drawn = Table(*HEADS, title=f"{ended} of {total} trials ended, {len(seen)} at work", title_justify="left")
    for line in seen:
        drawn.add_row(*map(Text, line.cells()))
    return drawn
