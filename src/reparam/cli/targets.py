"""What a command is about to write, checked before it works for minutes."""

from collections.abc import Iterable
from pathlib import Path


def check_free(paths: Iterable[Path], sources: Iterable[str] = (), force: bool = False) -> None:
    """As :func:`reparam.data.places.check_places`, which is imported when it is needed."""
    from reparam.data.places import check_places

    check_places(paths, sources, force)


def picture_or_numbers(path: Path) -> tuple[Path, ...]:
    """The files of a picture and its numbers; the one file where the name is that of numbers or of a table."""
    from reparam.evaluation.tables.write import table_ending
    from reparam.plots.files import targets

    return (path,) if path.suffix in (".npz", ".npy") or table_ending(path) is not None else targets(path)
