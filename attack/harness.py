"""One call of the command in a process of its own, forked so that it starts at once, bounded in time and memory."""

import io
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reparam.cli import main
from reparam.interrupts import SIGNALS

CRASHED = 70
"""The exit code of a call that ended in an exception."""
MEMORY = 6 * 2**30
"""Bytes of address space that a call may take beyond what it has when it starts."""
MOST = 2**24
"""Bytes of a call's output that are kept."""
PATIENCE = 10.0
"""Seconds in which a call that is interrupted has to end."""


@dataclass(frozen=True)
class Outcome:
    """What came of a call.

    Attributes:
        code: the exit code; minus the signal where one ended it.
        out: standard output.
        err: standard error.
        late: it was still at work when its time was up, and was ended, or interrupted.
        seconds: that it took.
    """

    code: int
    out: str
    err: str
    late: bool = False
    seconds: float = 0.0

    @property
    def hung(self) -> bool:
        """Whether it had to be killed."""
        return self.late and self.code == -signal.SIGKILL

    @property
    def crashed(self) -> bool:
        """Whether it ended in a traceback, or by a signal that nobody sent."""
        return self.code == CRASHED or "Traceback (most recent call last)" in self.err

    @property
    def sentence(self) -> bool:
        """Whether it was refused as a user's mistake is: in one sentence, and nothing else but warnings."""
        lines = [line for line in self.err.splitlines() if not line.startswith("reparam: warning: ")]
        return self.code == 2 and not self.crashed and sum(line.startswith("reparam: ") for line in lines) == 1

    @property
    def warned(self) -> bool:
        """Whether anything was said of damage."""
        return "reparam: warning: " in self.err

    @property
    def last(self) -> str:
        """The last line that it said on standard error."""
        return (self.err.strip().splitlines() or [f"exit code {self.code}"])[-1][:160]


def call(
    argv: Sequence[object],
    cwd: Path,
    seconds: float = 60.0,
    prepare: Callable[[], None] = lambda: None,
    politely: bool = False,
    interrupts: Sequence[tuple[float, int]] = (),
) -> Outcome:
    """Run ``reparam`` with some words in a folder.

    Args:
        argv: the words.
        cwd: the working directory.
        seconds: after which it is killed.
        prepare: what its process does first.
        politely: it is interrupted first, as by Ctrl-C, and killed where that does not end it.
        interrupts: seconds after which it is sent a signal, each with its number, as the program that it is when it is
            called from a shell.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    begun = time.monotonic()
    (out, to_out), (err, to_err) = os.pipe(), os.pipe()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # none is heard before there is somebody to hear it
    child = os.fork()
    if not child:
        _child([str(word) for word in argv], cwd, (to_out, to_err), prepare, bool(interrupts))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    os.close(to_out)
    os.close(to_err)
    texts = {out: b"", err: b""}
    status, late = None, False
    for at, number in interrupts:
        if status is None and (status := _read(child, texts, begun + at - time.monotonic())) is None:
            os.kill(child, number)
    if status is None:
        status = _read(child, texts, seconds)
    if status is None and politely:
        os.kill(child, signal.SIGINT)
        status, late = _read(child, texts, PATIENCE * crowd()), True
    if status is None:
        os.kill(child, signal.SIGKILL)
        status, late = os.waitpid(child, 0)[1], True
    for pipe in (out, err):
        os.close(pipe)
    said = (text.decode(errors="surrogateescape") for text in texts.values())
    return Outcome(os.waitstatus_to_exitcode(status), *said, late, time.monotonic() - begun)


def crowd() -> float:
    """How many are at work for each core, 1 at least: what has a time to be done in takes that many times as long."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _child(argv: list[str], cwd: Path, streams: tuple[int, int], prepare: Callable[[], None], as_program: bool) -> None:
    code = CRASHED
    try:
        os.chdir(cwd)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        for number, stream in enumerate(streams, 1):
            os.dup2(stream, number)
        sys.stdin, sys.stdout = io.TextIOWrapper(io.FileIO(0)), _stream(1)  # as a process of its own has them
        sys.stderr = _stream(2, line_buffering=True, errors="backslashreplace")
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
        signal.signal(signal.SIGINT, signal.default_int_handler)
        prepare()
        code = _program(argv) if as_program else _listening(main.main, argv)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _program(argv: list[str]) -> int:
    """The command as a shell calls it; it hears nothing before it is at work, as a program loads in no time."""
    dispatch = main.dispatch
    main.dispatch = lambda words: _listening(dispatch, words)
    sys.argv = ["reparam", *argv]
    return main.main()


def _listening(do: Callable[[list[str]], int], argv: list[str]) -> int:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    return do(argv)


def _stream(descriptor: int, **how: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(descriptor, "w", closefd=False)), "utf-8", **how)


def _read(child: int, texts: dict[int, bytes], seconds: float) -> int | None:
    """Take in what a process says until it ends: its status, or None where it does not in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        _drain(texts, 0.0 if pid else 0.005)
        if pid:
            return status
    return None


def _drain(texts: dict[int, bytes], wait: float) -> None:
    """Take in what is there to be read."""
    while ready := select.select(list(texts), [], [], wait)[0]:
        parts = {pipe: os.read(pipe, 2**16) for pipe in ready}
        for pipe, part in parts.items():
            texts[pipe] = (texts[pipe] + part)[:MOST]
        if not any(parts.values()):  # closed
            time.sleep(wait)
            return
        wait = 0.0


def warm() -> None:
    """Import what calls need, once, so that forks start with it."""
    import torch

    import reparam.cli.data
    import reparam.cli.evaluate
    import reparam.cli.figures
    import reparam.cli.given
    import reparam.cli.report
    import reparam.cli.train
    import reparam.evaluation
    import reparam.plots
    import reparam.runs.doctor
    import reparam.studies
    import reparam.training.start  # noqa: F401
    from reparam.cli.flags import known

    known()
    torch.optim.Adam([torch.zeros(1, requires_grad=True)])  # the first one imports torch's compiler: seconds
