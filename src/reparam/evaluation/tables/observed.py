"""A table with missing cells, wherever they are, as a model sees it: also in columns of which none was ever missing."""

import os
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from reparam.data.columns.outside import Outside, settled
from reparam.data.columns.table import TableSchema
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.given_cells import cells_given
from reparam.data.readers.known import Known
from reparam.data.readers.sources import cells_at
from reparam.data.record import DataRecord
from reparam.data.tables import kept_of
from reparam.distributions.columns import places
from reparam.door import user_path
from reparam.settings import ReadingConfig


class Observed(NamedTuple):
    """Rows, and which of their cells are there.

    ``cells``: as the user has them; ``x: (n, width)`` float32, the entries of missing cells 0; ``there: (n, columns)``
    bool, by the columns that a model sees; both of the rows that are taken. ``reasons``: of every row why it is not
    taken, ``""`` where it is.
    """

    cells: Cells
    x: np.ndarray
    there: np.ndarray
    reasons: np.ndarray


def observed(given: Any, record: DataRecord, schema: TableSchema, outside: Outside = "skip") -> Observed:
    """Rows of a table in any form, a path included.

    Args:
        given: the table.
        record: of the run's data.
        schema: of these.
        outside: what is done with rows that the schema does not know.

    Raises:
        UserError: if they cannot be read as the run's own were.
    """
    where = repr(os.fspath(given)) if isinstance(given, str | os.PathLike) else "x"
    if isinstance(given, str | os.PathLike):
        cells = cells_at(user_path(given), ReadingConfig(**kept_of(record)), Known.of(schema), texts=True)
    else:
        cells = cells_given(given, where, known=Known.of(schema))
    with_holes = _opened(schema)
    taken, reasons = settled(cells, with_holes.seen, outside, where)
    entries = with_holes.encode(taken, where)
    ends = [place.stop - 1 for place in places(with_holes.families)]
    added = [end for end, family in zip(ends, schema.families, strict=True) if not family.missing]
    return Observed(cells, np.delete(entries, added, axis=1), entries[:, ends] == 0, reasons)


def _opened(schema: TableSchema) -> TableSchema:
    """The same columns, in each of which cells may be missing."""
    opened = {kind.name: kind.model_copy(update={"missing": True}) for kind in schema.seen}
    return TableSchema(tuple(opened.get(kind.name, kind) for kind in schema.columns), schema.form)


def filled_in(cells: Cells, made: Cells, rows: np.ndarray) -> tuple[Column, ...]:
    """A table as it was, the missing cells of some of its rows taken from another, which has these rows alone."""
    by_name = {column.name: column for column in made.columns}
    return tuple(_filled(column, by_name.get(column.name), rows) for column in cells.columns)


def _filled(column: Column, made: Column | None, rows: np.ndarray) -> Column:
    if made is None or not column.missing[rows].any():
        return column
    values, missing = _placed(column, made, rows), column.missing.copy()
    missing[rows] = False
    # of what is no text, numbers have the digits that they need
    text = None if column.text is None else np.where(~column.missing, column.text, np.array(None, dtype=object))
    decimals = made.decimals if text is not None else None
    written = None if values.dtype.kind == "O" else column.written or made.written
    return Column(column.name, values, missing, decimals, written, text=text, dtype=column.dtype)


def _placed(column: Column, made: Column, rows: np.ndarray) -> np.ndarray:
    """The cells of a column with what was made in their rows, those that were there as they were."""
    kinds = {column.values.dtype.kind, made.values.dtype.kind}
    if len(kinds) > 1 and not kinds <= set("ifb"):
        if len(rows) == len(column.values):
            return made.values.copy()
        column, made = (replace(each, values=texts(each)) for each in (column, made))  # what both can be
    values = np.zeros(len(column.values), dtype=made.values.dtype)
    values[rows] = made.values
    there = ~column.missing
    values[there] = column.values[there].astype(values.dtype)
    return values
