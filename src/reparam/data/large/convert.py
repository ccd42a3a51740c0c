"""A table converted once: every column is read, judged and encoded by itself, and then the rows are put together."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from reparam.data.columns.matching import refuse_unknown
from reparam.data.columns.texts import texts
from reparam.data.large.cache import VARIABLE, place_of, remove_stale
from reparam.data.large.columns import ColumnStore, narrow
from reparam.data.large.record import FORMAT, RECORD, Converted
from reparam.data.large.rows import Layout
from reparam.data.large.source import stored_cells
from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells
from reparam.data.readers.columns import Described, described
from reparam.data.readers.known import Known
from reparam.data.readers.rows import group_names
from reparam.data.splitting import split_codes
from reparam.data.store import ELSEWHERE, FULL, RowWriter, alone, beside_of, check_room, renamed, unwritten
from reparam.door import is_file
from reparam.errors import tell
from reparam.files import MADE_BY, npy, replace_atomically, write_json
from reparam.folders import Unwritten
from reparam.pace import Progress

NO_ROOM = {*FULL, errno.EROFS, errno.EACCES}
"""Errors of what is written."""
BLOCK = 16 * 2**20
"""Bytes of rows that are put together at a time: twice as many are in memory while one block follows another."""


def converted(path: Path, asked: Asked) -> Converted:
    """The converted form of a table, made now unless it is there; a process that makes the same one is waited for.

    Raises:
        UserError: if the file cannot be read as is asked, or there is no room for what it becomes.
    """
    folder = place_of(path, asked)
    if not is_file(folder / RECORD):
        remove_stale(path, asked, folder)
        with _telling(), alone(folder, wait=True):
            if not is_file(folder / RECORD):
                _convert(path, asked, folder)
    return Converted.at(folder)


@contextmanager
def _telling() -> Iterator[None]:
    """Say how another place is named, to whom has not named this one."""
    try:
        yield
    except Unwritten as error:
        raise Unwritten(str(error).replace(ELSEWHERE, f"let {VARIABLE} name another folder")) from error


def _convert(path: Path, asked: Asked, folder: Path) -> None:
    """Make a converted table in a folder beside its own, and put it in its place."""
    tell(f"{path.name} is larger than the memory limit and is converted once, into {folder.parent} ({VARIABLE} names "
         f"another folder)")  # fmt: skip
    beside = beside_of(folder)
    _emptied(beside)
    try:
        check_room(beside, path.stat().st_size)
        _write(path, asked, beside)
        renamed(beside, folder)
    except OSError as error:
        if error.errno not in NO_ROOM:  # it is of the file that is read
            raise
        raise unwritten(beside, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _emptied(folder: Path) -> None:
    """Remove what a killed conversion has left."""
    for left in folder.iterdir():
        left.unlink()


def _write(path: Path, asked: Asked, folder: Path) -> None:
    store = ColumnStore(folder)
    cells = stored_cells(path, asked.how, None if asked.table is None else Known.of(asked.table), store)
    about = described(cells, path.name, asked)
    n = len(cells.columns[0].values)
    layout = Layout(about.schema)
    decided = _deciding(cells, about, folder)
    columns = _encoded(cells, about, layout, path, folder)
    store.clear()
    _join(folder / "x.npy", columns, layout, n)
    low, high = columns.ends
    write_json(
        folder / RECORD,
        {
            "made_by": MADE_BY.removeprefix("made by "),
            "format": FORMAT,
            "version": 1,
            "name": path.name,
            "examples": n,
            "table": about.schema.plain(),
            "low": low,
            "high": high,
            "classes": about.classes,
            **decided,
            "notes": about.notes,
        },
    )


@dataclass
class Columns:
    """Columns of records, a file each.

    Args:
        start: of the files' paths.
        files: with their dtypes, in the order of a record.
        ends: the smallest and the largest entry of a vector.
    """

    start: Path
    files: list[tuple[Path, np.dtype]] = field(default_factory=list)
    ends: tuple[float, float] = (np.inf, -np.inf)

    def add(self, column: np.ndarray) -> None:
        """Write one down."""
        path = self.start.with_name(f"{self.start.name}-{len(self.files)}.part")
        column.tofile(path)
        self.files.append((path, column.dtype))
        # the entries of a one-hot code are 0 and 1
        low, high = (float(column.min()), float(column.max())) if column.dtype.kind == "f" else (0.0, 1.0)
        self.ends = min(self.ends[0], low), max(self.ends[1], high)


def _encoded(cells: Cells, about: Described, layout: Layout, path: Path, folder: Path) -> Columns:
    """Every column that a model sees as its kind reads it: those of numbers first.

    Raises:
        UserError: if cells say what the schema does not know.
    """
    dense, hot = Columns(folder / "dense"), Columns(folder / "hot")
    wrong: list[str] = []
    progress, seen = Progress("converting columns", len(layout.places)), 0
    for part, place in zip(about.schema.parts(cells, repr(path.name), wrong), layout.places, strict=True):
        seen += 1
        if wrong:
            continue  # what else is wrong is told, too
        for column in layout.columns(part, place):
            (dense if column.dtype.kind == "f" else hot).add(column)
        progress.to(seen)
    progress.end()
    refuse_unknown(wrong, repr(path.name))
    lows, highs = zip(dense.ends, hot.ends, strict=True)
    return Columns(folder, [*dense.files, *hot.files], (min(lows), max(highs)))


def _join(path: Path, columns: Columns, layout: Layout, n: int) -> None:
    """Put rows together, a block at a time; the columns are removed."""
    writer = RowWriter(path, np.dtype(np.uint8), (n, layout.row_bytes), "")
    progress = Progress("converting rows", n)
    try:
        for block in _blocks(columns, layout, n):
            writer.write(block)
            progress.to(writer.done)
    finally:
        progress.end()
        writer.close()
    for file, _ in columns.files:
        file.unlink()


def _blocks(columns: Columns, layout: Layout, n: int) -> Iterator[np.ndarray]:
    some = max(1, BLOCK // layout.row_bytes)
    for start in range(0, n, some):
        count, at = min(some, n - start), 0
        block = np.empty((count, layout.row_bytes), np.uint8)
        for file, dtype in columns.files:
            part = np.fromfile(file, dtype, count, offset=start * dtype.itemsize)
            block[:, at : at + dtype.itemsize] = part.view(np.uint8).reshape(count, dtype.itemsize)
            at += dtype.itemsize
        yield block


def _deciding(cells: Cells, about: Described, folder: Path) -> dict[str, str]:
    """What decides the split, written down, and which of it there is."""
    found = {}
    by_name = {column.name: column for column in cells.columns}
    if about.codes is not None:
        codes = narrow(about.codes)
        replace_atomically(folder / "y.npy", npy(codes))
        found["labels"] = codes.dtype.name
    if about.roles.splits is not None:
        found["splits"] = about.roles.splits
        codes = split_codes(texts(by_name[about.roles.splits]).tolist(), about.roles.splits)
        replace_atomically(folder / "splits.npy", npy(codes.astype(np.uint8)))
    if about.roles.groups is not None:
        found["groups"] = about.roles.groups
        names = group_names(texts(by_name[about.roles.groups]).tolist())
        replace_atomically(folder / "groups.npy", npy(np.unique(np.array(names), return_inverse=True)[1]))
    return found
