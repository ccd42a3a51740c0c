"""What is said while reading takes long: how far it is, on standard error, and nothing where it is soon done."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

from reparam.terminal import harmless, is_live

Item = TypeVar("Item")
PATIENCE = 2.0
"""Seconds before anything is said."""
EVERY, EVERY_LINE = 0.2, 10.0
"""Seconds between two words on a terminal, where each takes the place of the last, and between two lines elsewhere."""


class Progress:
    """Says from time to time how much is done.

    Args:
        doing: what is done: "reading images".
        total: how much there is to do, in the units of :meth:`to`; 0 where nobody knows.
    """

    def __init__(self, doing: str, total: int) -> None:
        self.doing, self.total = harmless(doing), total
        self._live = is_live()
        self._next, self._said = time.monotonic() + PATIENCE, False

    def to(self, done: int) -> None:
        """So much is done now."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next, self._said = now + (EVERY if self._live else EVERY_LINE), True
        share = f" of {self.total:,} ({100 * done // self.total} %)" if self.total else ""
        print(f"{self.doing}: {done:,}{share}", end="\r" if self._live else "\n", file=sys.stderr, flush=True)

    def end(self) -> None:
        """All is done: the line on a terminal goes away."""
        if self._said and self._live:
            print("\x1b[2K", end="", file=sys.stderr, flush=True)


def watched(items: Iterable[Item], doing: str, total: int) -> Iterator[Item]:
    """The items, and word of how many of them were had.

    >>> list(watched("abc", "reading letters", 3))
    ['a', 'b', 'c']
    """
    progress = Progress(doing, total)
    try:
        for done, item in enumerate(items):
            progress.to(done)
            yield item
    finally:
        progress.end()
