"""How long work takes: measured on its first seconds, said while it goes on, refused where nobody could mean it.

There is one rule for everything that counts something, examples, draws, permutations, seeds. After two seconds of work
its rest is estimated. Where a command listens (:func:`heard`) it is said how far the work is and how long the rest will
take, over and over; work of more than a day is refused then with what makes it long, unless it is forced. Ctrl-C ends
it at any moment. Trainings are not refused: they save, go on, and tell their own progress.
"""

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TypeVar

from reparam.errors import UserError
from reparam.interrupts import heed
from reparam.notebook import Lines, in_notebook
from reparam.terminal import harmless, is_live, speaks

Item = TypeVar("Item")
PATIENCE = 2.0
"""Seconds before anything is said, and after which the rest is estimated."""
EVERY, EVERY_LINE = 0.2, 10.0
"""Seconds between two words on a terminal, where each takes the place of the last, and between two lines elsewhere."""
LONGEST = 24 * 3600.0
"""Seconds of work beyond which it has to be forced."""
UNITS = (("s", 1.0, 60), ("min", 60.0, 60), ("h", 3600.0, 24), ("days", 86400.0, 365), ("years", 31557600.0, 10**15))
"""Units of time: the name, its seconds, and of how many of them the next one is told."""
FORGOTTEN = "\x1b[2K\r"
"""What makes a terminal forget the line that it is in."""


class TooLong(UserError):
    """Work would take longer than anybody waits for."""


@dataclass(frozen=True)
class _Ear:
    """Who listens to work: whether any length is wanted, nothing is to be said, and what the work is called."""

    forced: bool = False
    quiet: bool = False
    name: str = ""


_EAR: ContextVar[_Ear | None] = ContextVar("ear", default=None)


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> duration(4.24), duration(83.4), duration(7300), duration(2.6e5), duration(1e12)
    ('4 s', '83 s', '2 h', '3 days', '31,688 years')
    """
    name, unit, _ = next((one for one in UNITS if seconds < 2 * one[1] * one[2]), UNITS[-1])
    return f"{seconds / unit:,.0f} {name}"


class Progress:
    """Says from time to time how much is done, and how long the rest will take.

    Args:
        doing: what is done: "reading images".
        total: how much there is to do, in the units of :meth:`to`; 0 where nobody knows.
        counts: whether these units mean something to a person.

    Attributes:
        due: before this moment nothing is said.
    """

    def __init__(self, doing: str, total: float, counts: bool = True) -> None:
        self.doing, self.total, self._counts = harmless(doing), total, counts
        self._cell = Lines() if in_notebook() else None
        self._live, self._began = is_live() or self._cell is not None, time.monotonic()
        self.due, self._said = self._began + PATIENCE, False

    def to(self, done: float) -> None:
        """So much is done now."""
        now = time.monotonic()
        if now < self.due:
            return
        self.due, self._said = now + (EVERY if self._live else EVERY_LINE), True
        if speaks():
            line = f"{self.doing}: {self._far(done)}{self._left(done, now)}"
            if self._cell is not None:
                self._cell.say(line)
                return
            print(*((FORGOTTEN, line) if self._live else (line,)), sep="", end="" if self._live else "\n",
                  file=sys.stderr, flush=True)  # fmt: skip

    def end(self) -> None:
        """All is done: the line on a terminal goes away."""
        if not (self._said and self._live and speaks()):
            return
        if self._cell is not None:
            self._cell.forget()
        else:
            print(FORGOTTEN, end="", file=sys.stderr, flush=True)

    def whole(self, done: float) -> float:
        """Seconds that all of it will take, as fast as it went so far; infinite before any is done."""
        return (time.monotonic() - self._began) * self.total / done if done else float("inf")

    def _far(self, done: float) -> str:
        share = f"{100 * done / self.total:.0f} %" if self.total else ""
        if not self._counts:
            return share
        return f"{done:,}" + (f" of {self.total:,} ({share})" if self.total else "")

    def _left(self, done: float, now: float) -> str:
        if not self.total or not done:
            return ""
        return f", {duration(max(0.0, self._began + self.whole(done) - now))} left"


def watched(items: Iterable[Item], doing: str, total: int) -> Iterator[Item]:
    """The items, and word of how many of them were had.

    >>> list(watched("abc", "reading letters", 3))
    ['a', 'b', 'c']
    """
    progress = Progress(doing, total)
    try:
        for done, item in enumerate(items):
            heed()
            progress.to(done)
            yield item
    finally:
        progress.end()


@contextmanager
def heard(quiet: bool = False) -> Iterator[None]:
    """Within the block somebody listens: long work says how far it is, and what nobody could mean is refused.

    Args:
        quiet: nothing is to be said.
    """
    before = _EAR.get() or _Ear()
    token = _EAR.set(replace(before, quiet=before.quiet or quiet))
    try:
        yield
    finally:
        _EAR.reset(token)


def force() -> None:
    """Whoever listens wants the work done, however long it takes."""
    if (ear := _EAR.get()) is not None:
        _EAR.set(replace(ear, forced=True))


@contextmanager
def called(name: str) -> Iterator[None]:
    """Within the block work is told by a name of its own."""
    ear = _EAR.get()
    token = _EAR.set(None if ear is None else replace(ear, name=name))
    try:
        yield
    finally:
        _EAR.reset(token)


@contextmanager
def work(doing: str, total: float, fewer: str) -> Iterator[Callable[[float], None]]:
    """Work that may take long, to be told how much more of it is done.

    Args:
        doing: what is done: "decoding samples".
        total: how much there is to do, in any unit.
        fewer: the settings that make it long, as an error names them: "`samples` or `images`".

    Yields:
        What is called with the amount that was done since it was last called.

    Raises:
        TooLong: if it would take more than a day, and is not forced; on a call.
    """
    ear = _EAR.get()
    if ear is None:
        yield lambda amount: None
        return
    doing, done = ear.name or doing, 0.0
    progress = Progress(doing, total, counts=False)

    def add(amount: float) -> None:
        nonlocal done
        heed()
        done += amount
        if time.monotonic() < progress.due:
            return
        if not ear.forced and (seconds := progress.whole(done)) > LONGEST:
            raise TooLong(f"{doing} would take about {duration(seconds)} on this machine: lower {fewer}, or give "
                          "force=True to start it all the same")  # fmt: skip
        if not ear.quiet:
            progress.to(done)

    try:
        yield add
    finally:
        progress.end()
