"""Files that somebody sends: archives that lie, names that a terminal obeys, pictures that fill the memory."""

import random
import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from attack.harness import Outcome, call
from attack.hostile import INPUTS
from attack.scenes import VAE, data

Words = Sequence[str]
SECONDS = 180.0
CALLS: dict[str, Callable[[str], Words]] = {
    "data": lambda given: ["data", given, "--out", "o.png"],
    "data --json": lambda given: ["data", given, "--out", "o.png", "--json"],
    "data pack": lambda given: ["data", "pack", given, "--out", "o.pack"],
    "train": lambda given: ["train", "autoencoder", "--data", given, "--steps", "2", "--hidden", "8", "--out", "new"],
    "score": lambda given: ["score", "run", given, "--samples", "2", "--out", "o.csv"],
    "two-sample": lambda given: ["two-sample", "run", given, "-n", "50", "--permutations", "20"],
    "train --resume": lambda given: ["train", "--resume", given],
    "info": lambda given: ["info", given],
    "config": lambda given: ["config", given],
    "train --config": lambda given: ["train", "autoencoder", "--config", given, "--steps", "2", "--out", "new"],
    "report": lambda given: ["report", given, "--out", "o.html"],
    "as the name of a figure": lambda given: ["sample", "run", "--out", given],
    "as a label": lambda given: ["sample", "run", "--label", given],
}
TOLD = {".html", ".csv", ".json", ".jsonl", ".txt"}
"""Files that are shown to people."""
ACTED_ON = {chr(code) for code in (*range(32), *range(127, 160))} - {"\n", "\t", "\r"}
"""What a terminal does something at."""


def hostile(folder: Path, seed: int, quick: bool) -> Iterator[tuple[str, Callable[[], str | None]]]:
    """Every input before every command, in an order that the seed decides."""
    place = folder / "inputs"
    place.mkdir()
    data(place)
    call([*VAE, "--out", "run"], place)
    found = [(given, command) for given in INPUTS for command in CALLS if not (quick and INPUTS[given].slow)]
    random.Random(seed).shuffle(found)
    for given, command in found:
        yield f"{given}, {command}", partial(_given, place, given, command)


def _given(place: Path, given: str, command: str) -> str | None:
    """What was wrong with a command that was given an input, or None."""
    cwd = place.with_name("inputs-at-work")
    shutil.rmtree(cwd, ignore_errors=True)
    shutil.copytree(place, cwd)
    word = INPUTS[given].make(cwd)
    done = call(CALLS[command](word), cwd, SECONDS)
    return _wrong(done) or _shown(done, cwd)


def _wrong(done: Outcome) -> str | None:
    if done.hung:
        return "hung"
    if done.crashed or done.code < 0:
        return f"ended in: {done.last!r}"
    if done.code == 2 and not (done.sentence or "Parsing error" in done.err):
        return f"was refused in other than one sentence: {done.err[-100:]!r}"
    return None if done.code in (0, 1, 2) else f"ended with exit code {done.code}"


def _shown(done: Outcome, cwd: Path) -> str | None:
    """What a terminal or a spreadsheet would act on, of what was said and written."""
    if found := ACTED_ON & set(done.out + done.err):
        return f"said {sorted(found)[0]!r} to the terminal"
    return None
