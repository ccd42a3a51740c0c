"""A busy machine: threads that compute together wait for each other, and must not spin where others want the cores.

PyTorch's wheels for Linux compute with GNU's OpenMP, whose threads spin for milliseconds wherever they wait for each
other. With the cores to themselves nothing is faster. Where something else runs, a thread that spins keeps the core
from the very thread that it waits for: a small training takes several times as long (``recipes/busy_machine.py``).

OpenMP spins 300 times shorter while it holds more threads than there are cores (its ``GOMP_SPINCOUNT``), and looks at
that whenever it waits. So a team of threads that sleeps is added while cores are contended, and let go when they are
not. How many threads compute stays as it is, and so does every bit.
"""

import math
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

TASKS, MAPS = Path("/proc/self/task"), Path("/proc/self/maps")
EVERY = 0.25
"""Seconds between two looks."""
MUCH = 0.35
"""Of so many threads on average, waiting for a core, the cores are contended: undisturbed trainings show 0.03."""
SOONEST, LATEST = 2.0, 32.0
"""Seconds after which it is tried whether cores are free again; twice as many each time that they are not."""
MOST_TEAMS = 16
GRAIN = 32_768
"""Numbers that make torch take one more thread."""


class Watch:
    """Looks now and then how long this process's threads wait for a core, and makes them spin shorter where they do.

    Attributes:
        seconds: that it has watched.
        contended: of these, those in which the cores were.
    """

    def __init__(self) -> None:
        self.seconds = self.contended = 0.0
        self._over = threading.Event()
        self._teams: list[Team] = []
        self._thread = threading.Thread(target=self._look, name="reparam-contention", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """No longer; threads wait as they did before."""
        self._over.set()
        self._thread.join()
        self._release()

    def _look(self) -> None:
        queued, patience, retry = Queued(), SOONEST, math.inf
        while not self._over.wait(EVERY):
            seconds, busy = queued.since()
            self.seconds += seconds
            if self._teams:
                self.contended += seconds
                if time.monotonic() > retry:  # threads that sleep wait at each waking: only spinning shows more
                    self._release()
            elif busy > MUCH:
                self.contended += seconds
                patience = SOONEST if retry == math.inf else min(2 * patience, LATEST)
                retry, threads = time.monotonic() + patience, computing()
                self._teams = [Team(threads) for _ in range(teams_needed(threads, cores()))]
            else:
                retry = math.inf

    def _release(self) -> None:
        while self._teams:
            self._teams.pop().release()


class Team:
    """So many threads of OpenMP that have computed once and sleep until they are let go."""

    def __init__(self, threads: int) -> None:
        self._threads, self._leave = threads, threading.Event()
        self._thread = threading.Thread(target=self._sleep, name="reparam-team", daemon=True)
        self._thread.start()

    def _sleep(self) -> None:
        import torch

        torch.zeros(GRAIN * self._threads).add_(1)
        self._leave.wait()

    def release(self) -> None:
        """Let them end."""
        self._leave.set()
        self._thread.join()


class Queued:
    """How long the threads of this process were ready to run, and waited for a core."""

    def __init__(self) -> None:
        self._at, self._waited = time.monotonic(), waits()

    def since(self) -> tuple[float, float]:
        """Seconds since it was last asked, and how many threads waited on average."""
        before, waited = self._at, self._waited
        self._at, self._waited = time.monotonic(), waits()
        seconds = max(1e-9, self._at - before)
        return seconds, sum(now - waited.get(thread, now) for thread, now in self._waited.items()) / 1e9 / seconds


def waits() -> dict[str, int]:
    """For each thread of this process the nanoseconds that it was ready to run and had no core.

    Empty where the system does not tell.

    >>> all(value >= 0 for value in waits().values())
    True
    """
    found = {}
    with suppress(OSError):
        for task in TASKS.iterdir():
            with suppress(OSError, IndexError, ValueError):  # a thread that has just ended
                found[task.name] = int((task / "schedstat").read_text(encoding="ascii").split()[1])
    return found


def cores() -> int:
    """Those that this process may run on.

    >>> cores() >= 1
    True
    """
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def teams_needed(threads: int, cores: int) -> int:
    """How many more teams of so many threads make OpenMP hold more threads than there are cores.

    A team's first thread is the one that asks for it, and not counted.

    >>> teams_needed(2, 2), teams_needed(8, 8), teams_needed(4, 8), teams_needed(1, 8)
    (1, 1, 2, 0)
    """
    if threads == 1:
        return 0
    return min(MOST_TEAMS, max(1, math.ceil((cores - threads + 1) / (threads - 1))))


def computing() -> int:
    """The threads that torch computes with; 1 where nothing computes yet, or with another OpenMP than GNU's.

    >>> computing() >= 1
    True
    """
    threads = getattr(sys.modules.get("torch"), "get_num_threads", None)  # not imported here: this may be a `--help`
    return int(threads()) if threads is not None and can_spin() else 1


def can_spin() -> bool:
    """Whether this process computes with GNU's OpenMP.

    >>> can_spin() in (True, False)
    True
    """
    with suppress(OSError):
        return "libgomp" in MAPS.read_text(encoding="utf-8", errors="replace")
    return False


_watching: list[Watch] = []
_lock = threading.Lock()


@contextmanager
def sharing_cores() -> Iterator[Watch]:
    """Within the block, threads that wait for each other leave their cores to others that want them.

    Costs nothing on a machine with nothing else to do, and changes no bit; does nothing where the system does not tell
    how long threads wait, or PyTorch computes with another OpenMP than GNU's.

    Yields:
        What is known of the contention; one watch serves blocks within each other.

    >>> with sharing_cores() as watch, sharing_cores() as inner:
    ...     watch is inner
    True
    """
    with _lock:
        outermost = not _watching
        watch = Watch() if outermost else _watching[0]
        if outermost:
            _watching.append(watch)
    told = outermost and bool(waits())
    if told:
        watch.start()
    try:
        yield watch
    finally:
        if outermost:
            with _lock:
                _watching.remove(watch)
            if told:
                watch.stop()
