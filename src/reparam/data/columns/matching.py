"""Other tables read by a schema: which column is which, and what they say that the schema does not know."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from reparam.data.columns.constant import Constant
from reparam.data.columns.kind import ColumnKind, SeenKind
from reparam.data.columns.texts import texts
from reparam.data.columns.wording import counted, listed
from reparam.data.readers.cells import Cells, Column
from reparam.errors import UserError
from reparam.nearest import nearest

SHOWN = 5


def matched(cells: Cells, kinds: Sequence[ColumnKind], where: str) -> dict[str, Column]:
    """The columns of a table by the names that a schema has for them: by name, or by place where one has no names.

    Raises:
        UserError: if a column that a model sees is not there.
    """
    found = {column.name: column for column in cells.columns}
    needed = [kind for kind in kinds if isinstance(kind, SeenKind)]
    if not cells.header:
        return _by_place(cells, kinds, needed, where)
    missing = [kind.name for kind in needed if kind.name not in found]
    if not missing:
        return found
    close = nearest(missing[0], found)
    is_it = f" (is it {close!r}?)" if close else ""
    raise UserError(
        f"{where} has no {'column' if len(missing) == 1 else 'columns'} {listed(list(map(repr, missing)))}"
        f"{is_it}: its "
        f"columns are {listed(list(map(repr, found)))}; give a table of the same columns, in any order"
    )


def _by_place(cells: Cells, kinds: Sequence[ColumnKind], needed: Sequence[ColumnKind], where: str) -> dict[str, Column]:
    """Columns without names: all of them, or all but the labels, or those alone that a model sees."""
    for those in (kinds, [kind for kind in kinds if kind.word != "label"], needed):
        if len(cells.columns) == len(those):
            return {kind.name: column for kind, column in zip(those, cells.columns, strict=True)}
    raise UserError(
        f"{where} has {counted(len(cells.columns), 'column')} without names, and the table that it is read by has "
        f"{len(kinds):,}: give all of them in their order ({listed([kind.name for kind in kinds])})"
    )


def remarks(cells: Cells, kinds: Sequence[ColumnKind]) -> tuple[str, ...]:
    """What is not used of a table that a schema reads, in sentences."""
    known = {kind.name for kind in kinds}
    extra = [column.name for column in cells.columns if column.name not in known] if cells.header else []
    notes = [f"columns that are not used: {listed(list(map(repr, extra)))}"] if extra else []
    always = {kind.name: kind for kind in kinds if isinstance(kind, Constant)}
    for column in cells.columns:
        kind = always.get(column.name)
        if kind is not None and (others := int((~kind.read(column).known).sum())):
            notes.append(f"column {column.name!r} is {kind.about!r} in every row of the data that models know, and in "
                         f"{others:,} rows here is not: it is not looked at")  # fmt: skip
    return tuple(notes)


def refuse_unknown(wrong: Sequence[str], where: str) -> None:
    """Refuse cells that a schema does not know, all of them at once.

    Raises:
        UserError: of what :func:`strangers` found, if it is anything.
    """
    if wrong:
        more = f"; and so in {len(wrong) - 20:,} more columns" if len(wrong) > 20 else ""
        raise UserError(
            f"{where} holds what the data that it is read by do not: {'; '.join(wrong[:20])}{more}; leave these rows "
            "out, or make the cells missing where some were"
        )


def strangers(kind: ColumnKind, column: Column, known: np.ndarray, lines: np.ndarray | None) -> list[str]:
    """What is wrong with a column, at most twice: cells that its kind does not know, and missing ones."""
    found = []
    if len(rows := np.flatnonzero(~known)):
        words = Counter(texts(column)[rows].tolist())
        shown = listed([f"{word!r}" + (f" {count:,} times" if count > 1 else "")
                        for word, count in words.most_common(SHOWN + 1)], SHOWN)  # fmt: skip
        found.append(f"column {kind.name!r} ({kind.word}: {kind.about}) also holds {shown}{_first(rows, lines)}")
    if not kind.missing and len(rows := np.flatnonzero(column.missing)):
        found.append(f"column {kind.name!r} has {counted(len(rows), 'missing cell')}{_first(rows, lines)}, "
                     f"where none was missing")  # fmt: skip
    return found


def _first(rows: np.ndarray, lines: np.ndarray | None) -> str:
    at = f"line {lines[rows[0]]}" if lines is not None else f"row {rows[0] + 1}"
    return f" ({'the first in ' if len(rows) > 1 else ''}{at})"
