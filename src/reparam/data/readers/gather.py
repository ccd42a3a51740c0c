"""One pass over many image files by several threads: their pictures, what is known of them, and which are broken."""

import logging
import warnings
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from reparam.data.prefetch import usable_cores
from reparam.data.readers.decode import Facts, heads, pictures
from reparam.data.readers.files import Files, why
from reparam.data.readers.modes import Look, Values
from reparam.errors import UserError, printable
from reparam.pace import Progress

PIECE = 32
"""Files that a thread takes at a time."""
AHEAD = 4
"""Pieces that are read ahead for each thread."""
FAR_BEYOND = 4
"""Times the limit: others than the first may be grey, and a third of its size."""
LISTED, MOST_TOLD = 5, 2500
"""Broken files that an error names."""


@dataclass
class Gathered:
    """The pictures of many files, in their order.

    Attributes:
        files: the number of the file that each picture is from.
        places: which of its file's pictures each is.
        facts: what is known of each.
        values: each as ``(height, width, channels)``; None once they were too many to be kept.
        broken: why a file cannot be read, by its number.
        warnings: what libraries warned of, and how often.
    """

    files: list[int] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    facts: list[Facts] = field(default_factory=list)
    values: list[Values] | None = field(default_factory=list)
    broken: dict[int, str] = field(default_factory=dict)
    warnings: Counter[str] = field(default_factory=Counter)


@dataclass
class _Pass:
    """How the pass goes on: shared by its threads, which look at ``keeps`` before each file."""

    files: Files
    names: Sequence[str]
    look: Look
    keeps: bool = True

    def read(self, numbers: range) -> list[tuple[int, list[tuple[Facts, Values | None]] | str]]:
        return [(number, self._one(self.names[number])) for number in numbers]

    def _one(self, name: str) -> list[tuple[Facts, Values | None]] | str:
        """A file's pictures, or why they cannot be read."""
        try:
            with self.files.open(name) as file:
                if self.keeps:
                    return list(pictures(file, name, self.look))
                return [(facts, None) for facts in heads(file, name, self.look)]
        except (UserError, MemoryError):  # a file is not broken because of what there is no room for
            raise
        except Exception as error:  # Pillow raises nearly everything at a bad file
            return why(error)


def gather(files: Files, names: Sequence[str], look: Look, limit: int) -> Gathered:
    """Read files, headers and pixels at once; beyond ``limit`` bytes the pixels are let go, and only headers are read.

    So it is where sizes differ and no size was asked for: nothing can be made of them. Where the first picture says
    that all will be far too many, none is kept from there on: a gigabyte of them would be for nothing.

    Raises:
        UserError: if what was asked for cannot be had of a file.
    """
    found, work = Gathered(), _Pass(files, names, look)
    kept, sizes = 0, set()
    alike: dict[Facts, Facts] = {}  # a million pictures of one size need not know it a million times
    with _counted(found.warnings):
        for number, outcome in _outcomes(work):
            if isinstance(outcome, str):
                found.broken[number] = outcome
                continue
            for place, (facts, values) in enumerate(outcome):
                found.files.append(number)
                found.places.append(place)
                found.facts.append(alike.setdefault(facts, facts))
                sizes.add(facts.size)
                if found.values is not None and values is not None:
                    found.values.append(values)
                    kept += values.nbytes
            foreseen = kept * len(names) / FAR_BEYOND if number == 0 and look.frames == "first" else 0
            if found.values is not None and (max(kept, foreseen) > limit or (len(sizes) > 1 and look.size is None)):
                found.values, work.keeps = None, False
    return found


def _outcomes(work: _Pass) -> Iterator[tuple[int, list[tuple[Facts, Values | None]] | str]]:
    """What came of each file, in order, while threads read on."""
    total = len(work.names)
    progress, threads = Progress("reading images", total), usable_cores()
    waiting: deque[Future[Any]] = deque()
    pieces = iter(range(start, min(start + PIECE, total)) for start in range(0, total, PIECE))
    with ThreadPoolExecutor(threads) as pool:
        try:
            for piece in pieces:
                waiting.append(pool.submit(work.read, piece))
                if len(waiting) >= AHEAD * threads:
                    yield from waiting.popleft().result()
                    progress.to(piece.start)
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            progress.end()


@contextmanager
def _counted(into: Counter[str]) -> Iterator[None]:
    """Count what Python's warnings and Pillow's log say meanwhile, in all threads, instead of showing it."""
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: into.update([record.getMessage()])  # type: ignore[method-assign]
    log = logging.getLogger("PIL")
    passes_on, log.propagate = log.propagate, False
    log.addHandler(handler)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        into.update(str(warning.message) for warning in caught if "decompression bomb" not in str(warning.message))
    finally:
        log.removeHandler(handler)
        log.propagate = passes_on


def told_warnings(counted: Counter[str]) -> str:
    """What libraries warned of, in a line; empty where they did not.

    >>> told_warnings(Counter({"Palette images should be converted": 3781}))
    'the image library warned 3,781 times: Palette images should be converted'
    """
    if not counted:
        return ""
    often, times = counted.most_common(1)[0][0], sum(counted.values())
    others = f", and {len(counted) - 1} others" if len(counted) > 1 else ""
    told = printable(" ".join(often.split()))
    return f"the image library warned {times:,} time{'s' * (times > 1)}: {told[:160]}{others}"


def told_broken(files: Files, names: Sequence[str], broken: dict[int, str]) -> str:
    """Which files cannot be read and why: the first ten, and how many others."""
    if len(broken) == 1:
        ((number, why),) = broken.items()
        return f"{files.called(names[number])} cannot be read as an image ({why})"
    listed = [f"{files.called(names[n])} ({why})" for n, why in list(broken.items())[:LISTED]]
    while len(listed) > 1 and sum(map(len, listed)) > MOST_TOLD:
        listed.pop()
    more = f"; and {len(broken) - len(listed):,} more" if len(broken) > len(listed) else ""
    return f"{len(broken):,} of {len(names):,} files cannot be read as images: {'; '.join(listed)}{more}"
