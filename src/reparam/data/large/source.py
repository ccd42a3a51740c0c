"""The columns of a large table one after the other, whatever the file's format."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from reparam.data.large.columns import ColumnStore
from reparam.data.readers.cells import Cells
from reparam.data.readers.columnar import CELL, ENDINGS, Columnar
from reparam.data.readers.frames import readable, settled_one, told_together
from reparam.data.readers.frames.arrow_table import arrow_table
from reparam.data.readers.frames.found import Found, Refused
from reparam.data.readers.known import Known
from reparam.data.readers.text import read_text
from reparam.data.readers.text.names import column_names
from reparam.errors import UserError
from reparam.pace import Progress
from reparam.settings import ReadingConfig

PACKED = 4
"""How many times a gzipped text is as large as its file, about."""


def is_large(path: Path, limit: int) -> bool:
    """Whether a table has more bytes of cells than a limit, as far as that is known before it is read.

    Args:
        path: of the file.
        limit: bytes; of a text its own are counted.
    """
    size = path.stat().st_size
    if path.suffix.lower() not in ENDINGS:
        return size * (PACKED if path.suffix.lower() == ".gz" else 1) > limit
    with closing(Columnar(path)) as file:
        return file.rows * len(file.names) * CELL > limit


def stored_cells(path: Path, how: ReadingConfig, known: Known | None, store: ColumnStore) -> Cells:
    """The table of a file as typed cells that lie on the disk, as :func:`reparam.data.readers.sources.cells_at`.

    Raises:
        UserError: if the file holds no table.
    """
    if path.suffix.lower() in ENDINGS:
        return _columnar(path, how, known, store)
    return read_text(path, how, known, spill=store.folder, keep=store.keep)


def _columnar(path: Path, how: ReadingConfig, known: Known | None, store: ColumnStore) -> Cells:
    where = repr(str(path))
    with closing(Columnar(path)) as file:
        names, renamed = column_names(file.names)
        if len(set(file.names)) < len(names):
            raise UserError(f"{where} has several columns of one name and is too large to be read as a whole: give "
                            f"each a name of its own")  # fmt: skip
        readable([each for at in range(len(names)) for each in arrow_table(file.empty(at)).columns], where)
        progress, columns, told = Progress("reading columns", len(names)), [], []
        frame_notes: list[str] = []
        for at, name in enumerate(names):
            frame = arrow_table(file.column(at))
            for each in _settled(frame.columns, where, name, how, known):
                columns.append(store.keep(each.column))
                told.append((name, each.remarks))
            frame_notes += frame.notes
            progress.to(at + 1)
        progress.end()
    return Cells(tuple(columns), (*frame_notes, *renamed, *told_together(told)))


def _settled(
    columns: Sequence[Found | Refused], where: str, name: str, how: ReadingConfig, known: Known | None
) -> list[Found]:
    return [settled_one(each, name, how, known) for each in readable(columns, where)]
