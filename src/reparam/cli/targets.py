"""What a command is about to write, checked before it works for minutes."""

from collections.abc import Iterable
from pathlib import Path

from reparam.errors import UserError


def check_free(paths: Iterable[Path], sources: Iterable[str] = (), force: bool = False) -> None:
    """As :func:`reparam.data.places.check_places`, which is imported when it is needed."""
    from reparam.data.places import check_places

    check_places(paths, sources, force)


def picture_or_numbers(path: Path, rows: bool = False) -> tuple[Path, ...]:
    """The files of a picture and its numbers; the one file where the name is that of numbers or of a table.

    Args:
        path: what was asked for.
        rows: the result is rows of a table, too.

    Raises:
        UserError: if it names nothing that is written.
    """
    from reparam.evaluation.tables.write import WRITERS, table_ending
    from reparam.plots.files import targets

    alone = path.suffix in (".npz", ".npy") or table_ending(path) is not None
    if rows and path.suffix and path.suffix.lower() != ".png" and not alone:
        raise UserError(
            f"rows are written as {', '.join(WRITERS)}, their picture as .png and their numbers as .npz, not as "
            f"'{path.suffix}': name one of these with out=..."
        )
    return (path,) if alone else targets(path)
