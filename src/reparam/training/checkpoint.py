"""Checkpoints: every tensor that a training needs to go on, in one file."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from reparam.absence import remove
from reparam.door import Damaged, present
from reparam.errors import UserError, tell
from reparam.models.model import Model
from reparam.runs.checkpoint import (
    HOLDS,
    OWNER,
    TRAINING,
    WEIGHTS,
    check_place,
    fill,
    prefixed,
    read_notes,
    read_tensors,
    room_for,
    save_weights,
    under,
    write_tensors,
)
from reparam.runs.folder import RunFolder
from reparam.runs.identity import Identity
from reparam.runs.leftovers import set_aside
from reparam.runs.weights import trainings
from reparam.runs.witness import vouched
from reparam.training.callbacks import Callback
from reparam.training.loop import Loop
from reparam.training.moving import Moves

if TYPE_CHECKING:
    from reparam.training.session import Session


def save_loop(path: Path, model: Model, loop: Loop, progress: Mapping[str, Any], keep: Path | None = None) -> None:
    """Write a training whole: weights, optimizers, the log's open row, and ``progress`` (JSON-ready) beside them.

    ``keep`` takes the file that was there before.
    """
    tensors = {**prefixed("model", model.state_dict()), **prefixed("ledger", loop.ledger.state())}
    for name, optimizer in loop.optimizers.items():
        tensors |= prefixed(f"optimizer/{name}", _optimizer_tensors(optimizer))
    tracks = loop.ledger.tracks
    ledger = {
        "terms": {name: t.terms for name, t in tracks.items()},
        "steps": {name: t.steps for name, t in tracks.items()},
    }
    write_tensors(path, tensors, {**progress, "ledger": ledger}, keep)


def load_loop(path: Path, model: Model, loop: Loop, identity: Identity | None = None) -> dict[str, Any]:
    """Put a training back as it was saved; returns ``progress``.

    Raises:
        Damaged: if the file is damaged or another run's.
        UserError: if it is missing, or belongs to another model.
    """
    tensors, notes = read_tensors(path, room_for(model))
    check_place(path, notes, identity, TRAINING)
    fill(path, model, under("model", tensors), notes)
    try:
        for name, optimizer in loop.optimizers.items():
            _restore_optimizer(optimizer, under(f"optimizer/{name}", tensors))
        ledger = notes.pop("ledger")
        # to where further steps will put theirs
        opened = {name: value.to(loop.device) for name, value in under("ledger", tensors).items()}
        loop.ledger.restore(opened, ledger["terms"], ledger["steps"])
    except (LookupError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise Damaged(f"{path} is no training's checkpoint ({error}): restore it or train again") from None
    return notes


def go_on(place: RunFolder, model: Model, loop: Loop) -> tuple[dict[str, Any] | None, list[str]]:
    """Put a training back as the last checkpoint that is whole has it; damaged ones are moved out of the way.

    Returns:
        ``progress``, None where nothing was saved yet; and what is to be said of it.

    Raises:
        UserError: if there are checkpoints, and none is whole.
    """
    wrong: list[str] = []
    paths = trainings(place)
    for path in paths:
        try:
            saved = load_loop(path, model, loop, place.identity)
        except Damaged as error:
            wrong.append(str(error))
            continue
        for sentence in wrong:
            tell(sentence)
        asides = [set_aside(one).name for one in paths[: len(wrong)]]
        return saved, [f"{name} is damaged: went on from the save before it, step {saved['step']}" for name in asides]
    if wrong:
        raise UserError(
            f"{'; '.join(wrong)}: nothing is left to go on from; `reparam doctor {place.typed}` with mend=True moves "
            f'it away, and resume="{place.path}" begins again'
        )
    return None, []


def drop_previous(place: RunFolder) -> None:
    """Remove the save before the last of a run that is done, where its best weights are kept.

    Raises:
        UserError: if that cannot be done.
    """
    if present(place.best):
        try:
            remove(place.previous)
        except OSError as error:
            raise UserError(f"{place.previous} cannot be removed ({error.strerror}): remove it, or resume") from None


class Checkpoints(Callback):
    """Keeps what a killed training goes on from, twice, and the weights of every so many epochs if asked for.

    A damaged save has another before it. Once a run is finished nothing goes on from it, and where its best weights are
    kept besides the last, the save before the last is removed.

    Args:
        folder: the run's.
        every: epochs between two weights that are kept for good; None: none are.
    """

    def __init__(self, folder: RunFolder, every: int | None) -> None:
        self.folder, self.every = folder, every

    def epoch(self, session: "Session") -> None:
        """Keep the weights of this epoch if it is one of those asked for."""
        if self.every and round(session.epoch) % self.every == 0:
            path, notes = self.folder.kept(session.step), {"step": session.step}
            save_weights(path, session.model, notes, WEIGHTS, self.folder.identity)

    def save(self, session: "Session") -> None:
        """Vouch for the rows so far."""
        self.folder.flush()
        progress = {
            "step": session.step,
            "stopped": session.stopped,
            "rows": vouched(session.rows, session.step),
            "notes": len(session.notes),
            "best": read_notes(self.folder.best)["step"] if present(self.folder.best) else None,
            HOLDS: TRAINING,
            OWNER: self.folder.identity.name,
        }
        save_loop(self.folder.last, session.model, session.loop, progress, keep=self.folder.previous)

    def done(self, session: "Session") -> None:
        """Nothing goes on from here."""
        drop_previous(self.folder)


def _optimizer_tensors(optimizer: Moves) -> dict[str, Tensor]:
    """An optimizer's state; its settings come from the config, its learning rate from the step."""
    state = optimizer.state_dict()["state"]
    return {f"{index}/{name}": value for index, values in state.items() for name, value in values.items()}


def _restore_optimizer(optimizer: Moves, tensors: Mapping[str, Tensor]) -> None:
    state: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        index, name = key.split("/")
        state.setdefault(int(index), {})[name] = tensor
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
