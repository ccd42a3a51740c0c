"""A table with missing cells, wherever they are, as a model sees it: also in columns of which none was ever missing."""

import os
from typing import Any, NamedTuple

import numpy as np

from reparam.data.columns.table import TableSchema
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
    bool, by the columns that a model sees.
    """

    cells: Cells
    x: np.ndarray
    there: np.ndarray


def observed(given: Any, record: DataRecord, schema: TableSchema) -> Observed:
    """Rows of a table in any form, a path included.

    Raises:
        UserError: if they cannot be read as the run's own were.
    """
    where = repr(os.fspath(given)) if isinstance(given, str | os.PathLike) else "x"
    if isinstance(given, str | os.PathLike):
        cells = cells_at(user_path(given), ReadingConfig(**kept_of(record)), Known.of(schema), texts=True)
    else:
        cells = cells_given(given, where, known=Known.of(schema))
    with_holes = _opened(schema)
    entries = with_holes.encode(cells, where)
    ends = [place.stop - 1 for place in places(with_holes.families)]
    added = [end for end, family in zip(ends, schema.families, strict=True) if not family.missing]
    return Observed(cells, np.delete(entries, added, axis=1), entries[:, ends] == 0)


def _opened(schema: TableSchema) -> TableSchema:
    """The same columns, in each of which cells may be missing."""
    opened = {kind.name: kind.model_copy(update={"missing": True}) for kind in schema.seen}
    return TableSchema(tuple(opened.get(kind.name, kind) for kind in schema.columns), schema.form)


def filled_in(cells: Cells, made: Cells) -> tuple[Column, ...]:
    """A table as it was, its missing cells taken from another of the same rows."""
    by_name = {column.name: column for column in made.columns}
    return tuple(_filled(column, by_name.get(column.name, column)) for column in cells.columns)


def _filled(column: Column, made: Column) -> Column:
    if not column.missing.any() or made is column:
        return column
    values, there = made.values.copy(), ~column.missing
    kinds = {column.values.dtype.kind, values.dtype.kind}
    if len(kinds) == 1 or kinds <= set("ifb"):
        values[there] = column.values[there].astype(values.dtype)
    # of what is no text, numbers have the digits that they need
    text = None if column.text is None else np.where(there, column.text, np.array(None, dtype=object))
    decimals = made.decimals if text is not None else None
    missing = np.zeros(len(values), dtype=bool)
    return Column(column.name, values, missing, decimals, column.written or made.written, text=text, dtype=column.dtype)
