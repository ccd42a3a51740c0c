"""One target before Atheris: ``python -m attack.fuzz.engine TARGET PLACE``, and behind it libFuzzer's own words.

Only ``reparam`` is instrumented (and targets of others), so all of it is imported while Atheris looks on. A fault is
written down, and the fuzzer goes on; what takes too long or too much memory ends it, and libFuzzer keeps the input.
"""

import importlib
import random
import resource
import sys
from hashlib import sha1
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris

from attack.fuzz import mutate

MEMORY = 6 * 2**30
"""Bytes of address space beyond what the process has when it begins."""
FORMED = 0.5
"""The share of changes that keep JSON JSON, where there is some."""
NAMES = "attack.fuzz.targets:TARGETS"
"""Where targets are, unless something else is asked for."""


def main() -> None:
    """Fuzz until libFuzzer ends it."""
    name, place, *words = sys.argv[1:]
    name, _, names = name.partition("@")
    module, _, table = (names or NAMES).partition(":")
    seen = ["reparam", *([module] if names else [])]
    with atheris.instrument_imports(include=seen), TemporaryDirectory(prefix="fuzz-", dir=_fast()) as folder:
        target = getattr(importlib.import_module(module), table)[name]
        judge = importlib.import_module("attack.fuzz.judge")
        for content in target.inputs().values():  # so that what is imported late is instrumented, too
            judge.fault(target, content, Path(folder))
    folder, found = TemporaryDirectory(prefix="fuzz-", dir=_fast()), set()

    def one(content: bytes) -> None:
        if (fault := judge.fault(target, content, Path(folder.name) / "at-work")) and fault.kind not in found:
            found.add(fault.kind)
            write_down(Path(place), fault.kind, fault.said, content)

    def other(content: bytes, most: int, seed: int) -> bytes:
        dice = random.Random(seed)
        made = mutate.changed(content[1:], dice) if dice.random() < FORMED else None
        return content[:1] + made if made is not None and len(made) < most else atheris.Mutate(content, most)

    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    atheris.Setup([sys.argv[0], *words], one, custom_mutator=other)
    atheris.Fuzz()


def write_down(place: Path, kind: str, said: str, content: bytes) -> None:
    """Keep a fault, and the input that shows it, where there is none of its kind yet."""
    name = sha1(kind.encode()).hexdigest()[:10]
    if not (place / f"fault-{name}").exists():
        (place / f"fault-{name}").write_bytes(content)
        (place / f"fault-{name}.txt").write_text(f"{kind}\n\n{said}")


def _fast() -> str | None:
    """A place in memory, where there is one."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


if __name__ == "__main__":
    main()
