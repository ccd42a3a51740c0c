"""Signals at any moment, once or twice: it ends with 130 and no traceback, and what was broken off goes on."""

import random
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from attack.harness import Outcome, call, crowd
from attack.scenes import VAE, Stage, data, photos, stages
from reparam.interrupts import BROKEN_OFF, SIGNALS

Words = Sequence[object]
MOMENTS = 60
"""Moments at which each call is interrupted."""
LATEST = 2.0
"""Seconds between two signals, at most."""
ENDS = 20.0
"""Seconds after the last signal in which a call that leaves nothing ends; one that goes on to its own end is longer."""
Sent = tuple[int, ...]
"""One signal or two; Ctrl-C as often as all others together."""
OTHERS: dict[str, tuple[Words, float]] = {
    "evaluate": (["evaluate", "run", "--count", "100", "--images", "50", "--samples", "200"], 2.0),
    "explore": (["explore", "run", "-n", "3", "--out", "o.html"], 1.0),
    "watch": (["watch", "run", "--no-browser"], 1.0),
    "lab": (["lab", "all", "--quick", "--out", "labs"], 8.0),
    "demo": (["demo", "--quick", "--out", "demo"], 8.0),
    "data": (["data", "photos", "--image-size", "8", "--out", "o.png"], 1.0),
    "audit": (["audit", "--help"], 0.3),
    "two-sample": (["two-sample", "run", "x.npy", "-n", "50"], 2.0),
    "compare --workers": (
        ["compare", "--data", "x.npy", "--models", "autoencoder-2", "--epochs", "1", "--workers", "1", "--quiet"],
        10.0,
    ),
}
"""What leaves nothing that is gone on with: the words, and the seconds within which it is interrupted."""


def interrupts(folder: Path, seed: int, quick: bool) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """One or two signals to every call, in an order that the seed decides."""
    dice = random.Random(seed)
    place = folder / "interrupted"
    place.mkdir()
    data(place)
    photos(place)
    call([*VAE, "--out", "run"], place)
    found = [(stage, *_moments(dice)) for stage in stages(folder, quick) for _ in range(MOMENTS)]
    others = [(name, *_moments(dice)) for name in ([] if quick else OTHERS) for _ in range(MOMENTS)]
    both: list[tuple[Stage | str, float, float, Sent]] = [*found, *others]
    dice.shuffle(both)
    for what, share, gap, sent in both:
        name = what.name if isinstance(what, Stage) else what
        names = [signal.Signals(number).name for number in sent]
        again = "".join(f" and {gap:.3f} s later {name}" for name in names[1:])
        yield (
            f"{name}, {names[0]} after {share:.0%} of its time{again}",
            partial(_interrupted, what, share, gap, sent, place),
        )


def _moments(dice: random.Random) -> tuple[float, float, Sent]:
    """A share of a call's time, the seconds until the second signal, of any order, and the signals."""
    sent = tuple(dice.choice([signal.SIGINT, dice.choice(SIGNALS)]) for _ in range(dice.choice([1, 2, 2])))
    return dice.random(), dice.choice([0.0, LATEST * dice.random() ** 4]), sent


def _interrupted(what: Stage | str, share: float, gap: float, sent: Sent, place: Path) -> str | None:
    if isinstance(what, Stage):
        cwd = what.fresh()
        done = what.call(cwd, interrupts=_at(share * what.seconds, gap, sent))
        if wrong := _wrong(done, what.scene.codes):
            return wrong
        return what.taken_up(cwd) if done.code == BROKEN_OFF else None
    words, seconds = OTHERS[what]
    return _wrong(call(words, place, ENDS * crowd(), interrupts=_at(share * seconds, gap, sent)), (0, 1))


def _at(first: float, gap: float, sent: Sent) -> list[tuple[float, int]]:
    return [(first + gap * number, one) for number, one in enumerate(sent)]


def _wrong(done: Outcome, codes: Sequence[int]) -> str | None:
    if done.late:
        return "did not end"
    if done.crashed or done.code not in (*codes, BROKEN_OFF):
        return f"ended with {done.code} and {done.last}"
    return None
