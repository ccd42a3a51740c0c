"""A large table as splits whose rows and labels stay on the disk."""

from pathlib import Path

import numpy as np
import torch

from reparam.data import permutation
from reparam.data.dataset import LazyArray, Split
from reparam.data.lacking import lacking
from reparam.data.large.convert import converted
from reparam.data.large.record import Converted
from reparam.data.permutation import Stretch
from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.roles import Roles
from reparam.data.readers.rows import rows_by_split
from reparam.data.reading import SPLITS, Reading, by_name, chunks, many_rows, take
from reparam.errors import printable

LAZY = "larger than the memory limit: rows are read from disk as they are needed"
Parts = dict[str, torch.Tensor] | dict[str, torch.Tensor | Stretch]


def read_large(path: Path, asked: Asked) -> Reading:
    """The rows of a table that was converted, now or before, split as those of one in memory.

    Raises:
        UserError: if the file cannot be read as is asked, or the converted table is damaged.
    """
    table = converted(path, asked)
    record, rows, codes = table.record, table.rows, table.codes
    parts, note = _parts(table, asked)
    lazy = 4 * len(rows) * rows.shape[1] > asked.memory_limit
    splits = [Split(_kept(rows, part, lazy), None if codes is None else _kept(codes, part, lazy)) for part in parts]
    classes = tuple(map(printable, record.classes))
    notes = (*map(printable, record.notes), *([LAZY] if lazy else ()), note)
    return Reading(
        path.name, by_name(splits), data_shape=(rows.shape[1],), low=record.low, high=record.high, binary=False,
        classes=classes, notes=(*notes, *lacking(splits, classes, [note], asked.seed)), table=table.schema,
    )  # fmt: skip


def _parts(table: Converted, asked: Asked) -> tuple[list[torch.Tensor | Stretch], str]:
    """The rows of train, validation and test, and what to note."""
    record, n, how = table.record, table.record.examples, asked.how
    roles = Roles(groups=record.groups or None, splits=record.splits or None)
    decided = record.groups or record.splits or how.split_by is not None
    if n >= permutation.BY_FUNCTION and not decided:
        parts, note = many_rows(n, asked.seed)
        return [parts[split] for split in SPLITS], note
    codes = None if table.codes is None else table.codes[torch.arange(n)].numpy()
    rows, note = rows_by_split(_cells(table), asked, how, roles, codes)
    return [rows[split] for split in SPLITS], note


def _cells(table: Converted) -> Cells:
    """The columns that decide the split; one of nothing where there are none, since it has as many rows."""
    record, n = table.record, table.record.examples
    nothing = np.broadcast_to(False, n)
    columns = [Column("", nothing, nothing)]
    if record.splits:
        words = np.array(SPLITS, object)[table.array("splits", np.uint8, (n,))[:].clip(0, len(SPLITS) - 1)]
        columns.append(Column(record.splits, words, nothing))
    if record.groups:
        # numbers of one width are in the order in which the names are that they stand for
        names = [f"{code:013d}" for code in table.array("groups", np.int64, (n,))[:].tolist()]
        columns.append(Column(record.groups, np.array(names, object), nothing))
    return Cells(tuple(columns))


def _kept(array: LazyArray, rows: torch.Tensor | Stretch, lazy: bool) -> torch.Tensor | LazyArray:
    """A split's part in memory, where all of it is."""
    if lazy:
        return take(array, rows)
    assert isinstance(rows, torch.Tensor), "what fits memory has rows that do"
    return torch.cat([array[piece] for piece in chunks(array, rows)]) if len(rows) else array[rows]
