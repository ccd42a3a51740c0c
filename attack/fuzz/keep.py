"""The kept corpus: seeds, inputs that showed a fault once, and what a fuzzer found to reach further than these."""

import sys
import threading
from collections.abc import Iterable
from hashlib import sha1
from pathlib import Path
from types import FrameType
from typing import Any

from attack.fuzz.judge import fault
from attack.fuzz.target import Target

CORPUS = Path(__file__).parents[2] / "tests" / "corpus"
LARGEST = 8 * 2**10
"""Bytes of an input that is kept."""
MOST = 28 * 2**10
"""Bytes of all that are kept of a target."""
Line = tuple[str, int]


def kept(name: str) -> list[Path]:
    """The inputs of a target that are kept."""
    return sorted(path for path in (CORPUS / name).glob("*") if path.is_file())


def write_seeds(name: str, target: Target) -> None:
    """Put the seeds of a target into the corpus, anew."""
    (CORPUS / name).mkdir(parents=True, exist_ok=True)
    for path in (CORPUS / name).glob("seed-*"):
        path.unlink()
    for called, content in target.inputs().items():
        assert len(content) <= LARGEST, called
        (CORPUS / name / called).write_bytes(content)


def keep(name: str, target: Target, found: Iterable[Path], folder: Path) -> int:
    """Keep what reaches lines of ours that nothing smaller does, as much as there is room for; how many are new.

    Args:
        name: of the target.
        target: that reads them.
        found: inputs of a fuzzer.
        folder: to work in.
    """
    known, room, new = set[Line](), MOST, 0
    for path in kept(name):
        known |= reached(target, path.read_bytes(), folder)
        room -= path.stat().st_size
    for path in sorted(found, key=lambda path: (path.stat().st_size, path.name)):
        content = path.read_bytes()
        if len(content) > min(LARGEST, room):
            break
        if (lines := reached(target, content, folder)) <= known:
            continue
        known |= lines
        room -= len(content)
        new += 1
        (CORPUS / name / sha1(content).hexdigest()[:12]).write_bytes(content)
    return new


def reached(target: Target, content: bytes, folder: Path) -> set[Line]:
    """The lines of ours that an input reaches."""
    lines: set[Line] = set()

    def within(frame: FrameType, event: str, _: Any) -> Any:
        lines.add((frame.f_code.co_filename, frame.f_lineno))
        return within

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        return within if "/reparam/" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(trace)
    threading.settrace(trace)  # which read pictures
    try:
        fault(target, content, folder)
    finally:
        sys.settrace(before)
        threading.settrace(before)  # type: ignore[arg-type]
    return lines
