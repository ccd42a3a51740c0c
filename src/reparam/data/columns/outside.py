"""Rows of other tables with cells that a schema does not know: the one rule of every door that takes such rows.

Beyond the range of whole numbers and days, and among words that were never seen, a model says nothing: such a row has
no probability under it, and one of them is no reason to refuse all the others.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, NamedTuple

import numpy as np

from reparam import checks
from reparam.data.columns.kind import ColumnKind, SeenKind
from reparam.data.columns.label import Label
from reparam.data.columns.matching import matched, refuse_unknown, strangers
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Cells, Column
from reparam.errors import tell

Outside = Literal["skip", "clip", "refuse"]
RULES: tuple[Outside, ...] = ("skip", "clip", "refuse")
"""Rows with such cells are left out; their numbers and dates are taken at the nearest known one, and what has none is
left out; the whole table is refused."""
INSIDE = ""
"""Of a row that is taken."""


class Settled(NamedTuple):
    """A table of which every row is known.

    ``cells``: the rows that are taken; ``reasons``: of every row that was given, ``(n,)`` texts, why it is not taken,
    and :data:`INSIDE` where it is.
    """

    cells: Cells
    reasons: np.ndarray

    @property
    def rows(self) -> np.ndarray:
        """The numbers of the rows that are taken."""
        return np.flatnonzero(self.reasons == INSIDE)


def settled(cells: Cells, kinds: Sequence[ColumnKind], rule: Outside, where: str) -> Settled:
    """Rows that a schema knows: by the rule, what it does not know is left out, moved to where it does, or refused.

    Args:
        cells: what was read.
        kinds: the schema's columns.
        rule: one of :data:`RULES`.
        where: what the table is called.

    Raises:
        UserError: if a column is not there, the rule is none, or no row is left.
    """
    checks.one_of("outside", rule, RULES)
    n = len(cells.columns[0].values) if cells.columns else 0
    reasons = np.full(n, INSIDE, dtype=object)
    if rule == "refuse" or n == 0:
        return Settled(cells, reasons)
    columns: dict[str, Column] = {}
    moved: dict[str, int] = {}
    found, wrong = matched(cells, kinds, where), []
    for kind in kinds:
        column = found.get(kind.name)
        if column is None or not isinstance(kind, SeenKind | Label):
            continue
        column = column.loaded()
        if rule == "clip" and isinstance(kind, SeenKind):
            column, count = _nearest(kind, column)
            columns |= {column.name: column} if count else {}
            moved |= {kind.name: count} if count else {}
        known = kind.read(column).known
        lacking = column.missing & (not kind.missing)
        _note(reasons, kind, column, ~known | lacking)
        wrong += strangers(kind, column, known, cells.lines)
    if moved:
        _say_moved(moved, where)
    if (reasons != INSIDE).all():
        refuse_unknown(wrong, where)
    cells = replace(cells, columns=tuple(columns.get(column.name, column) for column in cells.columns))
    if not wrong:
        return Settled(cells, reasons)
    _say_left_out(reasons, wrong, where, rule)
    return Settled(_picked(cells, np.flatnonzero(reasons == INSIDE)), reasons)


def _nearest(kind: SeenKind, column: Column) -> tuple[Column, int]:
    """A column whose cells beyond the range are taken at its end, and how many were."""
    before = kind.read(column).known
    nearest = column if before.all() else kind.nearest(column)
    count = 0 if nearest is column else int((kind.read(nearest).known & ~before).sum())
    return (nearest, count) if count else (column, 0)


def _note(reasons: np.ndarray, kind: ColumnKind, column: Column, outside: np.ndarray) -> None:
    """Write down of each row what of a column is outside."""
    at = np.flatnonzero(outside)
    if not len(at):
        return
    few = replace(column, values=column.values[at], missing=column.missing[at], text=None)
    for row, word, lacking in zip(at.tolist(), texts(few).tolist(), few.missing.tolist(), strict=True):
        said = f"{kind.name} is missing" if lacking else f"{kind.name}={word} is not of {kind.about}"
        reasons[row] = f"{reasons[row]}; {said}" if reasons[row] else said


def _say_moved(moved: dict[str, int], where: str) -> None:
    counts = ", ".join(f"{count:,} of {name!r}" for name, count in moved.items())
    tell(f"cells of {where} lie beyond the range that was fitted, and are taken at its end: {counts}")


def _say_left_out(reasons: np.ndarray, wrong: Sequence[str], where: str, rule: Outside) -> None:
    left = int((reasons != INSIDE).sum())
    more = f"; and so in {len(wrong) - 5:,} more columns" if len(wrong) > 5 else ""
    instead = '; outside="clip" takes numbers and dates at the end of their range' if rule == "skip" else ""
    tell(f"{left:,} of {len(reasons):,} rows of {where} {'is' if left == 1 else 'are'} outside of what the data that "
         f"it is read by hold, and left out: {'; '.join(wrong[:5])}{more}{instead}")  # fmt: skip


def _picked(cells: Cells, rows: np.ndarray) -> Cells:
    """Some rows of a table."""
    columns = tuple(
        replace(
            column,
            values=column.values[rows],
            missing=column.missing[rows],
            text=None if column.text is None else column.text[rows],
        )
        for column in (each.loaded() for each in cells.columns)
    )
    lines = None if cells.lines is None else np.asarray(cells.lines)[rows]
    return replace(cells, columns=columns, lines=lines, index=None if cells.index is None else cells.index[rows])
