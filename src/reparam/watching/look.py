"""What a run folder says of its training now, read through the door and never written to."""

import math
import os
import re
import socket
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from reparam.data.record import DataRecord
from reparam.door import leads_somewhere, listed, present, read_bytes
from reparam.errors import Notice, UserError
from reparam.result import UNSAID, plain
from reparam.runs.folder import RunFolder
from reparam.runs.leftovers import LOCK
from reparam.runs.lock import HOLDER
from reparam.watching.samples import Sampled, latest

State = Literal["starting", "training", "finished", "interrupted", "stale", "damaged"]
MOST_POINTS = 300
"""Of a curve: of more, every so many-th is kept, and the last."""
QUIET = 120.0
"""Seconds without a word after which a training is called stale, or five times as long as it took between two rows."""
ROW = {"step", "epoch", "split", "loss", "finished"}


@dataclass(frozen=True)
class Seen:
    """A run as it is now.

    Attributes:
        name: of its folder, as short as tells it from the others.
        model: its kind and data, in words.
        alike: data, and what the model's numbers are of: runs of which it is the same are drawn in the same axes.
        state: how it stands.
        why: in words, where the state is no good one.
        step, total: of the training.
        epoch: passes over the data.
        left: seconds, or None where that is not known.
        quiet: seconds since its log was written.
        reached: its last numbers by split.
        curves: by quantity and split: steps and values.
        notes: what was said of it: step and words.
        samples: the last that it kept.
    """

    name: str
    model: str = ""
    alike: str = ""
    state: State = "starting"
    why: str = ""
    step: int = 0
    total: int = 0
    epoch: float = 0.0
    left: float | None = None
    quiet: float | None = field(default=None, metadata=UNSAID)
    reached: dict[str, dict[str, float | None]] = field(default_factory=dict)
    curves: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    notes: list[tuple[int, str]] = field(default_factory=list)
    samples: Sampled | None = None

    def json(self) -> dict[str, Any]:
        """As JSON holds it."""
        found = plain(self)
        assert isinstance(found, dict)
        return found


class Looker:
    """Looks at a run again and again: files that have not changed are not read again.

    Args:
        folder: the run's.
        name: what it is called.
        words: what becomes of notes and errors before they are shown: the command line tells settings as flags.
        now: the time in seconds, as files have it.
    """

    def __init__(
        self, folder: Path, name: str, words: Callable[[str], str] = str, now: Callable[[], float] = time.time
    ) -> None:
        self.folder, self.name, self._words, self._now = folder, name, words, now
        self._signature: object = None
        self._seen = Seen(name)
        self._first: tuple[float, int] | None = None

    def look(self) -> Seen:
        """The run as it is now; whatever is damaged is said of it, and nothing is raised."""
        place = RunFolder(self.folder)
        signature = _signature(place)
        if signature != self._signature:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always", Notice)
                try:
                    self._seen = self._read(place)
                except (UserError, OSError) as error:
                    self._seen = Seen(self.name, state="damaged", why=self._words(str(error)))
            damage = [(self._seen.step, self._words(str(one.message))) for one in told if one.category is Notice]
            self._seen.notes.extend(damage)
            self._signature = signature
        return self._standing(place, self._seen)

    def _read(self, place: RunFolder) -> Seen:
        if not present(place.config):
            if any(map(present, (place.metrics, place.copy, place.last))):
                place.record()  # which says what is missing
            return Seen(self.name)
        record = place.record()
        lines = place.log()
        rows = lines.rows
        last: Mapping[str, Any] = rows[-1] if rows else {"step": 0}
        told = [(int(last["step"]), self._words(sentence)) for sentence in lines.told(place.metrics)]
        try:
            samples = latest(place, record.data)
        except UserError as error:
            samples = None
            told.append((int(last["step"]), self._words(str(error))))
        tree = record.model if isinstance(record.model, dict) else {}
        return Seen(
            self.name,
            f"{tree.get('class', 'a model')} on {record.data.name}",
            _alike(record.data, tree),
            "finished" if rows and last["split"] == "test" else "training",
            step=int(last["step"]),
            total=int(record.training.steps or 0),
            epoch=float(last.get("epoch", 0.0)),
            reached={row["split"]: _numbers(row) for row in rows},
            curves=curves(rows),
            notes=[(int(one["step"]), self._words(one["note"])) for one in place.remarks()] + told,
            samples=samples,
        )

    def _standing(self, place: RunFolder, seen: Seen) -> Seen:
        """The same with what depends on the time: is somebody at work, and how long will it take?"""
        if seen.state in ("finished", "damaged"):
            return seen
        quiet = self._quiet(place)
        state, why = self._state(place, seen, quiet)
        left = self._left(place, seen) if state == "training" else None
        return Seen(**{**seen.__dict__, "state": state, "why": why, "left": left, "quiet": quiet})

    def _state(self, place: RunFolder, seen: Seen, quiet: float | None) -> tuple[State, str]:
        lives = holder_lives(self.folder)
        if lives is False:
            return "interrupted", "its process has ended; reparam train with resume goes on"
        patience = max(QUIET, 5 * self._between(place, seen))
        if quiet is not None and quiet > patience:
            return "stale", f"nothing was written for {_duration(quiet)}"
        return ("training", "") if seen.step or present(place.config) else ("starting", "")

    def _quiet(self, place: RunFolder) -> float | None:
        written = [path.stat().st_mtime for path in (place.metrics, place.config, place.last) if leads_somewhere(path)]
        return max(0.0, self._now() - max(written)) if written else None

    def _between(self, place: RunFolder, seen: Seen) -> float:
        """Seconds from one row to the next, on the average."""
        many = max((len(steps) for splits in seen.curves.values() for steps, _ in splits.values()), default=0)
        with suppress(OSError):
            return (place.metrics.stat().st_mtime - place.config.stat().st_mtime) / many if many else 0.0
        return 0.0

    def _left(self, place: RunFolder, seen: Seen) -> float | None:
        """By the steps since the first look; before there were any, by those since the run was begun."""
        if not seen.total or not seen.step:
            return None
        with suppress(OSError):
            written = place.metrics.stat().st_mtime
            if self._first is None:
                self._first = written, seen.step
            began, first = self._first
            if seen.step == first:
                began, first = place.config.stat().st_mtime, 0
            rate = (seen.step - first) / max(written - began, 1e-9)
            ago = max(0.0, self._now() - written)
            return max(0.0, (seen.total - seen.step) / rate - ago) if rate > 0 else None
        return None


def holder_lives(folder: Path) -> bool | None:
    """Whether the process that last held a folder is there still; None where that cannot be known.

    The lock itself is not tried: a training that begins in that moment would be refused.
    """
    with suppress(OSError, UserError):
        found = HOLDER.fullmatch(read_bytes(folder / LOCK, 1024).decode(errors="replace"))
        if found and found[2] == socket.gethostname() and os.name != "nt":
            try:
                os.kill(int(found[1]), 0)
            except ProcessLookupError:
                return False
            return True
    return None


def _signature(place: RunFolder) -> object:
    """What changes whenever the run has written something."""

    def stamp(path: Path) -> tuple[str, int, int]:
        try:
            status = path.stat()
        except OSError:
            return str(path), 0, 0
        return str(path), status.st_mtime_ns, status.st_size

    kept: Sequence[Path] = ()
    with suppress(UserError):
        kept = listed(place.figures, "samples-step-*.npz")
    return [stamp(path) for path in (place.config, place.metrics, place.notes, *kept[-1:])]


def _alike(data: DataRecord, tree: Mapping[str, Any]) -> str:
    """What the numbers of a run can be compared with: nats of one likelihood of the same data, a game's of one loss."""
    given = tree.get("arguments")
    arguments = given if isinstance(given, dict) else {}
    likelihood, loss = arguments.get("likelihood"), arguments.get("loss")
    if isinstance(likelihood, dict):
        unit = f"{str(likelihood.get('class', '')).removesuffix('Likelihood').lower()} likelihood"
    else:
        unit = " ".join(filter(None, (str(tree.get("class", "")), loss if isinstance(loss, str) else "")))
    binary = f", {data.binarization} binarization" if data.binarization != "none" else ""
    return f"{data.name} ({'×'.join(map(str, data.data_shape))}{binary}, {data.fingerprint[:6]}): {unit}"


def _numbers(row: Mapping[str, Any]) -> dict[str, float | None]:
    return {name: value for name, value in row.items() if name not in ROW}


def curves(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, list[list[float]]]]:
    """The quantities of training and validation rows: by name and split, steps and values that are finite.

    >>> curves([{"step": 5, "split": "train", "elbo": -3.0}, {"step": 5, "split": "test", "elbo": -4.0}])
    {'elbo': {'train': [[5], [-3.0]]}}
    """
    found: dict[str, dict[str, list[list[float]]]] = {}
    for row in rows:
        if row["split"] == "test":
            continue
        for name, value in row.items():
            if name not in ROW - {"loss"} and isinstance(value, int | float) and math.isfinite(value):
                steps, values = found.setdefault(name, {}).setdefault(row["split"], [[], []])
                steps.append(row["step"])
                values.append(value)
    return {name: {split: _thinned(*one) for split, one in splits.items()} for name, splits in found.items()}


def _thinned(steps: list[float], values: list[float]) -> list[list[float]]:
    every = math.ceil(len(steps) / MOST_POINTS)
    places = [*range(0, len(steps) - 1, every), len(steps) - 1] if every > 1 else list(range(len(steps)))
    return [[steps[place] for place in places], [float(f"{values[place]:.6g}") for place in places]]


def _duration(seconds: float) -> str:
    from reparam.pace import duration

    return duration(seconds)


def named(folders: Sequence[Path]) -> list[str]:
    """Folders by as few of their last parts as tell them all apart.

    >>> named([Path("runs/a/vae"), Path("runs/b/vae")]), named([Path("runs/vae")])
    (['a/vae', 'b/vae'], ['vae'])
    """
    parts = [folder.absolute().parts for folder in folders]
    for many in range(1, max(map(len, parts), default=0) + 1):
        names = ["/".join(re.sub(r"[\\/]$", "", part) or "/" for part in one[-many:]) for one in parts]
        if len(set(names)) == len(names):
            return names
    return [str(folder) for folder in folders]
