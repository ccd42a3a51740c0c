"""How many steps each model of a comparison trains for: timed once, written down, the same for all of its seeds."""

from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from reparam.door import Missing
from reparam.errors import UserError
from reparam.locking import acquire
from reparam.runs.folder import RunFolder
from reparam.runs.sealed import read_sealed, write_sealed

FILE = "steps.json"
LOCK = ".steps.lock"


def steps_once(out: Path, name: str, folders: Iterable[Path], measure: Callable[[], int]) -> int:
    """The steps of a model's runs: as written down, else as one of them was trained for, else measured now.

    Timing depends on the machine and on what else it does, so that seeds timed one by one would differ in more than
    their seeds. Where several processes time a model at once, the first to write it down decides for all.

    Args:
        out: the folder of the comparison.
        name: of the model in it.
        folders: of the model's runs, trained or not; they tell of comparisons from before this was written down.
        measure: times some steps.
    """
    known = _known(out / FILE)
    if name in known:
        return known[name]
    steps = _trained_for(folders) or measure()
    lock = FileLock(out / LOCK)
    acquire(lock, out)
    try:
        known = {name: steps} | _known(out / FILE)
        write_sealed(out / FILE, known)
    finally:
        lock.release()
    return known[name]


def _known(path: Path) -> dict[str, int]:
    """What was written down.

    Raises:
        UserError: if it is damaged.
    """
    try:
        found = read_sealed(path)
    except Missing:
        return {}
    if not all(isinstance(steps, int) and steps > 0 for steps in found.values()):
        raise UserError(f"{path} holds something else than numbers of steps: remove it, and it is made anew")
    return found


def _trained_for(folders: Iterable[Path]) -> int | None:
    finished = (place for place in map(RunFolder, folders) if place.finished)
    logs = (place.rows() for place in finished)
    return next((int(rows[-1]["step"]) for rows in logs if rows), None)
