"""Calls broken off at every file operation and at any moment: by a kill, an error of the system's, a full disk."""

import errno
import random
import resource
import signal
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from attack.operations import FULL, Watch, kill, refuse, vanish
from attack.scenes import TOLD, Stage, content, stages

ERRORS = (*FULL, errno.ENOENT, errno.EIO, errno.EACCES, errno.EMFILE)
MOMENTS = 200
"""Moments at which each scene is killed."""
SMALLEST, LARGEST = 16, 2**15
"""Bytes of a file at which a disk is full."""
Case = tuple[str, Callable[[], str | None]]


def kills(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """A kill at every file operation of every scene."""
    for stage, at in _everywhere(folder, seed, quick):
        yield f"{stage.name}, killed at {at}: {stage.operations[at]}", partial(_killed, stage, at)


def moments(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """A kill at any moment, whatever is being done."""
    dice = random.Random(seed)
    found = [(stage, dice.random()) for stage in stages(folder, quick) for _ in range(MOMENTS)]
    dice.shuffle(found)
    for stage, share in found:
        yield f"{stage.name}, killed after {share:.0%} of its time", partial(_killed_after, stage, share)


def errors(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """Each error of the system's at every file operation of every scene, once, or from then on."""
    dice = random.Random(seed)
    everywhere = _everywhere(folder, seed, quick)
    found = [(s, at, number) for number in ERRORS for s, at in everywhere if s.writes(at) or number not in FULL]
    for stage, at, number in dice.sample(found, len(found)):
        stays = number in FULL and dice.random() < 0.5
        name = f"{stage.name}, {errno.errorcode[number]}{' from then on' * stays} at {at}: {stage.operations[at]}"
        yield name, partial(_refused, stage, at, number, stays)


def looks(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """What stands is said once not to be there, as a network's file system may, at every look at it in every scene."""
    found = [(stage, at) for stage in stages(folder, quick) for at in range(len(stage.looks))]
    random.Random(seed).shuffle(found)
    for stage, at in found:
        yield f"{stage.name}, denied at {at}: {stage.looks[at]}", partial(_denied, stage, at)


def full(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """A disk that takes only the first bytes of a file, really: what is written beyond them fails."""
    dice = random.Random(seed)
    found = [(stage, _bytes(dice)) for stage in stages(folder, quick) for _ in range(MOMENTS)]
    dice.shuffle(found)
    for stage, most in found:
        yield f"{stage.name}, no file larger than {most} bytes", partial(_filled, stage, most)


def vanished(folder: Path, seed: int, quick: bool) -> Iterator[Case]:
    """A folder that is gone from an operation on: a sentence, or nothing was lost by it."""
    for stage, at in _everywhere(folder, seed, quick):
        yield f"{stage.name}, folder gone at {at}: {stage.operations[at]}", partial(_vanished, stage, at)


def _everywhere(folder: Path, seed: int, quick: bool) -> list[tuple[Stage, int]]:
    """Every operation of every scene, in an order that the seed decides."""
    found = [(stage, at) for stage in stages(folder, quick) for at in range(len(stage.operations))]
    random.Random(seed).shuffle(found)
    return found


def _bytes(dice: random.Random) -> int:
    return round(SMALLEST * (LARGEST / SMALLEST) ** dice.random())


def _killed(stage: Stage, at: int) -> str | None:
    cwd = stage.fresh()
    done = stage.call(cwd, Watch(cwd / stage.scene.within, at, kill))
    if done.code != -signal.SIGKILL or done.late:
        return f"was not killed ({done.code})"
    return stage.taken_up(cwd)


def _killed_after(stage: Stage, share: float) -> str | None:
    cwd = stage.fresh()
    done = stage.call(cwd, seconds=share * stage.seconds)
    if done.late:
        return stage.taken_up(cwd)
    return stage.judged(done, cwd)


def _refused(stage: Stage, at: int, number: int, stays: bool) -> str | None:
    cwd = stage.fresh()
    return stage.judged(stage.call(cwd, Watch(cwd / stage.scene.within, at, refuse(number), stays)), cwd)


def _denied(stage: Stage, at: int) -> str | None:
    cwd = stage.fresh()
    watch = Watch(cwd / stage.scene.within, at, refuse(errno.ENOENT), looks=True)
    return stage.judged(stage.call(cwd, watch), cwd)


def _filled(stage: Stage, most: int) -> str | None:
    def prepare() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))

    cwd = stage.fresh()
    return stage.judged(stage.call(cwd, prepare), cwd)


def _matters(operation: str) -> bool:
    """Whether anything is lost without it: no reading, nor the removal of what was already renamed."""
    return not operation.startswith("read ") and not (operation.startswith("os.remove") and operation.endswith(".part"))


def _vanished(stage: Stage, at: int) -> str | None:
    cwd = stage.fresh()
    within = cwd / stage.scene.within
    done = stage.call(cwd, Watch(within, at, vanish(within)))
    if done.hung:
        return "hung"
    if (
        done.code == 1 or done.warned or any(word in done.out for word in TOLD)
    ):  # a doctor or a comparison, which says what is gone
        return None
    if done.code in stage.scene.codes:
        wrong = stage.differs(cwd) if any(map(_matters, stage.operations[at + 1 :])) else None
        return f"was done as if nothing were gone, and {wrong}" if wrong else None
    if not done.sentence:
        return f"ended in: {done.last}"
    left = [name for name in content(cwd) if name.startswith(f"{stage.scene.within}/")]
    return f"left {left[0]} in a folder that was gone" if left else None
