"""Every file of a run folder looked at: whether it is whole, what is lost where it is not, and what mends it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reparam.absence import remove
from reparam.door import Damaged, Unreadable, below, is_file, is_folder, listed, present
from reparam.errors import UserError
from reparam.files import PART
from reparam.models.model import Model
from reparam.runs.checkpoint import OWNER, SMALLEST_LIMIT, check_place, fill, read_notes, read_tensors, room_for, under
from reparam.runs.folder import RunFolder
from reparam.runs.identity import Identity
from reparam.runs.leftovers import LOCK, half_written, is_free, set_aside
from reparam.runs.lines import Lines, is_remark, is_row, read_lines, rewrite_lines
from reparam.runs.lock import held
from reparam.runs.run import rebuild
from reparam.runs.sealed import SEAL, checksum, is_whole, read_sealed, read_table, write_sealed
from reparam.runs.snapshots import read_snapshot
from reparam.runs.weights import holds_at
from reparam.runs.witness import last_notes, missing_notes, missing_rows
from reparam.runs.written import kept_copy, told_changes

BEST_LOST = "the best weights; the last ones are taken in their place"


@dataclass(frozen=True)
class Finding:
    """What is to be said of one file.

    Attributes:
        file: its name within the folder.
        size: its bytes.
        wrong: what is wrong, or None.
        lost: what is lost by that, if anything.
        cure: what can be done, or was, if anything.
        mended: whether it was done.
        act: does it.
    """

    file: str
    size: int = 0
    wrong: str | None = None
    lost: str = ""
    cure: str | None = None
    mended: bool = False
    act: Callable[[], object] | None = None


def examine_config(place: RunFolder, ours: bool) -> Iterator[Finding]:
    """The folder itself, and ``config.json`` with its copy, by which all the rest is judged.

    Args:
        place: the folder.
        ours: whether this process holds it.
    """
    yield from _leftovers(place, ours)
    if is_free(place.path):
        wrong = "no run was begun here, or one was killed before it had begun, and may be begun anew in this folder"
        yield Finding("config.json", wrong=wrong, cure="empty the folder", act=partial(_empty, place.path))
        return
    right, verdict = _right_config(place)
    if right is None:
        lost = "what the run is; nothing can be read without it"
        yield Finding("config.json", _size(place.config), verdict, lost)
        return
    if verdict is not None:
        act = partial(_put_back, place, right)
        yield Finding("config.json", _size(place.config), verdict, cure="put the copy back", act=act)
    else:
        yield _told(place, place.config, _problem(partial(place.read_record, right)))
    if SEAL in right and kept_copy(place.copy) != right:
        wrong = "missing" if not present(place.copy) else "not the copy of config.json that it should be"
        act = partial(_renew_copy, place, right)
        yield Finding(_name(place, place.copy), _size(place.copy), wrong, cure="write the copy anew", act=act)


def examine_files(place: RunFolder) -> Iterator[Finding]:
    """Everything else, by a configuration that is right; nothing where there is none."""
    right, _ = _right_config(place)
    if right is None:
        return
    identity = Identity(checksum(right), SEAL in right)
    place.identity = identity
    model = _model(place, right)
    for path in (place.best, place.last, place.previous, *map(place.kept, place.kept_steps)):
        if present(path):
            yield _checkpoint(place, path, identity, model)
    if not present(place.best) and last_notes(place).get("best") is not None:
        yield Finding(_name(place, place.best), 0, "missing", BEST_LOST)
    yield from _log(place, identity)
    yield from _cost(place, identity)
    for path in listed(place.figures, "samples-step-*.npz"):
        problem = _problem(partial(_snapshot, path, right, identity))
        yield _told(place, path, problem, "the samples that were kept at this step", _aside(path))


def _leftovers(place: RunFolder, ours: bool) -> Iterator[Finding]:
    """What kills left, while nobody is training here."""
    lock, folders = place.path / LOCK, (place.path, place.checkpoints, place.figures)
    if present(lock) and not is_file(lock):
        yield Finding(LOCK, 0, "no regular file", cure="move it away", act=lambda: set_aside(lock))
    elif not ours and held(place.path):
        return
    for path in filter(_is_left, (one for folder in folders for one in half_written(folder))):
        wrong = "half written when a process was killed; nothing needs it"
        yield Finding(_name(place, path), _size(path), wrong, cure="remove it", act=path.unlink)


def _is_left(path: Path) -> bool:
    """Whether the process that was writing a file is gone: its number is in the name, where that is ours."""
    if not path.name.endswith(PART):
        return True
    try:
        os.kill(int(path.name.split(".")[-2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError, ValueError):
        return False
    return False


def _empty(folder: Path) -> None:
    """Remove the empty folders and half-written files that are all there is."""
    for path in sorted(below(folder), reverse=True):
        if is_folder(path):
            path.rmdir()
        elif path.name != LOCK:
            remove(path)


def _right_config(place: RunFolder) -> tuple[dict[str, Any] | None, str | None]:
    """What ``config.json`` should hold, None where nothing tells; and what is wrong with the file, if anything is."""
    copy = kept_copy(place.copy)
    try:
        plain = read_table(place.config)
    except Unreadable:
        raise  # there is nothing to be mended
    except UserError as error:
        return copy, str(error)
    if not is_whole(plain):
        return copy, "not as it was written " + (
            "(its checksum differs)" if copy is None else f"({told_changes(copy, plain)})"
        )
    if copy is None or checksum(copy) == checksum(plain):
        return plain, None
    if _votes(place, checksum(copy)) > _votes(place, checksum(plain)):
        return copy, "not the one that this run began with, which its checkpoints and the copy are of"
    return plain, None


def _votes(place: RunFolder, identity: str) -> int:
    """How many checkpoints say that they are of a configuration."""
    count = 0
    for path in listed(place.checkpoints, "*.safetensors"):
        try:
            count += read_notes(path).get(OWNER) == identity
        except UserError:
            continue
    return count


def _put_back(place: RunFolder, right: dict[str, Any]) -> None:
    if present(place.config):
        set_aside(place.config)
    write_sealed(place.config, right)


def _renew_copy(place: RunFolder, right: dict[str, Any]) -> None:
    if present(place.copy):
        set_aside(place.copy)
    write_sealed(place.copy, right)


def _model(place: RunFolder, config: dict[str, Any]) -> Model | None:
    """The run's model, where it can be built here."""
    try:
        return rebuild(place.read_record(config), place)
    except UserError:
        return None


def _checkpoint(place: RunFolder, path: Path, identity: Identity, model: Model | None) -> Finding:
    def read() -> None:
        tensors, notes = read_tensors(path, SMALLEST_LIMIT if model is None else room_for(model))
        check_place(path, notes, identity, holds_at(place, path))
        if model is not None:
            fill(path, model, under("model", tensors), notes)

    lost = {
        place.best: BEST_LOST,
        place.last: "the training since the save before it, if that is kept; it goes on from there",
        place.previous: "nothing, as long as the last save is whole",
    }
    return _told(place, path, _problem(read), lost.get(path, "the weights that were kept of this step"), _aside(path))


def _snapshot(path: Path, config: dict[str, Any], identity: Identity) -> None:
    try:
        shape = [int(size) for size in config["data"]["data_shape"]]
    except (LookupError, TypeError, ValueError):
        return  # of an earlier version, and damaged itself, which is told of config.json
    read_snapshot(path, shape, identity)


def _log(place: RunFolder, identity: Identity) -> Iterator[Finding]:
    """The files of rows."""
    for path, fits in ((place.metrics, is_row), (place.notes, is_remark)):
        missing = (missing_rows if path == place.metrics else missing_notes)(place)
        try:
            lines = read_lines(path, fits, identity)
        except Damaged as error:
            yield _told(place, path, str(error), "all of its rows", _aside(path))
            continue
        told = [*lines.told(path), *missing(lines)]
        if not told and not present(path):
            continue
        act = partial(_drop, path, lines, identity) if lines.damaged or lines.torn else None
        cure = ("keep the whole rows, and the others beside them", act) if act else None
        yield _told(place, path, "; ".join(told) or None, "these rows, and nothing else", cure)


def _drop(path: Path, lines: Lines, identity: Identity) -> None:
    """Keep the whole rows of a file; the others go into a file beside it."""
    dropped = [*(line for _, line in lines.damaged), *([lines.torn] if lines.torn else []), b""]
    set_aside(path, b"\n".join(dropped))
    rewrite_lines(path, lines.rows, identity)


def _cost(place: RunFolder, identity: Identity) -> Iterator[Finding]:
    if present(place.cost):
        problem = _problem(partial(read_sealed, place.cost, identity.name))
        yield _told(place, place.cost, problem, "what the run has cost", _aside(place.cost))


Cure = tuple[str, Callable[[], object]]


def _aside(path: Path) -> Cure:
    return f"move it to {path.name}.damaged", lambda: set_aside(path)


def _told(place: RunFolder, path: Path, wrong: str | None, lost: str = "", cure: Cure | None = None) -> Finding:
    """The finding on a file; what is lost and what can be done are said only of what is wrong."""
    name, size = _name(place, path), _size(path)
    if wrong is None:
        return Finding(name, size)
    what, act = cure or (None, None)
    return Finding(name, size, wrong.removeprefix(f"{path} is ").removeprefix(f"{path} "), lost, what, False, act)


def _problem(read: Callable[[], object]) -> str | None:
    """What is wrong with what is read, in words; what the system does not let be read is nothing to be mended."""
    try:
        read()
    except Unreadable:
        raise
    except UserError as error:
        return str(error)
    return None


def _name(place: RunFolder, path: Path) -> str:
    return path.relative_to(place.path).as_posix()


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:
        return 0
