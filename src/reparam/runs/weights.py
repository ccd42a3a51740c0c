"""Which checkpoint a run is read back from, and what takes its place where it is damaged."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from reparam.door import Damaged, Unreadable, present
from reparam.errors import UserError, tell
from reparam.models.model import Model
from reparam.runs.checkpoint import BEST, TRAINING, WEIGHTS, load_weights, read_notes
from reparam.runs.witness import last_notes

if TYPE_CHECKING:
    from reparam.runs.folder import RunFolder

T = TypeVar("T")
INSTEAD = {"last.safetensors": "the last weights", "previous.safetensors": "the weights of the save before the last"}


def trainings(place: "RunFolder") -> list[Path]:
    """The checkpoints that a training can go on from, the latest first: two are kept, lest one is damaged."""
    return sorted(filter(present, (place.last, place.previous)), key=_step, reverse=True)


def holds_at(place: "RunFolder", path: Path) -> str:
    """What the checkpoint at a path of a run should hold."""
    return {place.best: BEST, place.last: TRAINING, place.previous: TRAINING}.get(path, WEIGHTS)


def take_weights(place: "RunFolder", model: Model, checkpoint: str | int | None) -> dict[str, Any]:
    """Put weights of a run into a model; returns what was saved beside them.

    Args:
        place: the run folder.
        model: takes them.
        checkpoint: which; None: the best where there are any, else the last, and those before where they are damaged.

    Raises:
        UserError: if they are missing or damaged, or belong to another model.
    """
    if checkpoint is None:
        best = [place.best] if present(place.best) else []
        found = _first_whole([*best, *trainings(place)] or [place.last], lambda path: _load(place, model, path))
        if not best and present(place.previous) and not present(place.last):
            tell(f"{place.last} is missing: {INSTEAD[place.previous.name]} are taken in their place")
        if not best:
            _tell_of_the_end(place, found["step"])
        if not best and last_notes(place).get("best") is not None:
            tell(f"{place.best} is missing: the last weights are taken in the place of the best")
        return found
    return _load(place, model, _named(place, checkpoint))


def _tell_of_the_end(place: "RunFolder", step: int) -> None:
    """Say it where the last weights are those of an earlier save: whole, of this run, and in the wrong place."""
    end = next((row["step"] for row in place.log().rows[-1:] if row["split"] == "test"), step)
    if step < end:
        tell(f"the last weights of {place.path} are of step {step:,}, and it was trained for {end:,}: what is made of "
             "them is not what it came to")  # fmt: skip


def _first_whole(paths: list[Path], read: Callable[[Path], T]) -> T:
    """What is read of the first of some checkpoints that is whole; those before it are told.

    Raises:
        Damaged: if none is whole.
    """
    wrong: list[str] = []
    for path in paths:
        try:
            found = read(path)
        except Damaged as error:
            wrong.append(str(error))
            continue
        if wrong:
            tell(f"{'; '.join(wrong)}; {INSTEAD[path.name]} are taken instead ({path.name})")
        return found
    raise Damaged("; ".join(wrong))


def _load(place: "RunFolder", model: Model, path: Path) -> dict[str, Any]:
    holds = holds_at(place, path)
    notes = load_weights(path, model, place.identity, holds)
    if holds == WEIGHTS and place.kept(notes["step"]) != path:
        raise Damaged(f"{path} holds the weights of step {notes['step']}: put the right file back")
    return notes


def _named(place: "RunFolder", checkpoint: str | int) -> Path:
    if isinstance(checkpoint, int):
        return place.kept(checkpoint)
    known = {"best": place.best, "last": place.last, "previous": place.previous}
    if checkpoint not in known:
        raise UserError(f"checkpoint={checkpoint!r} is unknown: give best, last, previous, or the step of kept weights")
    return known[checkpoint]


def _step(path: Path) -> float:
    """The step that a checkpoint says it is of; one that says none comes first, so that it is told."""
    try:
        return float(read_notes(path)["step"])
    except Unreadable:
        raise
    except UserError:
        return float("inf")
