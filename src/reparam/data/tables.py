"""Other rows of a table, in whatever form a user has them, read by the schema of a run's own."""

import os
import warnings
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import torch

from reparam.data.columns.guess import guess
from reparam.data.columns.matching import remarks
from reparam.data.columns.outside import Outside, settled
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Dataset, Split
from reparam.data.given import as_dataset
from reparam.data.load import load_data
from reparam.data.readers.cells import Cells
from reparam.data.readers.given_cells import cells_given, joined
from reparam.data.readers.known import Known
from reparam.data.reading import chunks, rows_of
from reparam.data.record import DataRecord
from reparam.errors import UserError

KEPT = ("groups", "split_by", "delimiter", "decimal", "missing", "header", "encoding")
"""The settings of reading that say how files are, and not what their columns are: the schema says that."""


class Given(NamedTuple):
    """Rows that were given, as vectors that a model sees.

    ``x``: ``(k, width)`` of those that are taken; ``reasons: (n,)`` texts of all that were given, why a row is not
    taken, ``""`` where it is; None where every row is.
    """

    x: torch.Tensor
    reasons: np.ndarray | None = None


def rows_given(x: Any, schema: TableSchema, where: str, outside: Outside = "refuse") -> Given:
    """Rows of a table as vectors that a model sees.

    Args:
        x: a DataFrame, columns by name, a list of rows by name, an array of all columns in their order, one row of any;
            a :class:`Split` of vectors, taken as it is; a :class:`Dataset`, whose test split is taken.
        schema: how they are read.
        where: what ``x`` is called in errors.
        outside: what is done with rows that the schema does not know.

    Returns:
        Those that are taken, float32 on the CPU, and why the others are not.

    Raises:
        UserError: if it is no table, lacks columns, or says what the schema does not know.
    """
    if isinstance(x, Dataset):
        where, x = repr(x.name), read_by(x, schema, outside).test
    if isinstance(x, Split):
        if tuple(x.x.shape[1:]) != (schema.width,):
            raise UserError(f"{where} has examples of shape {tuple(x.x.shape[1:])} and rows of this table are vectors "
                            f"of {schema.width}: give the table itself")  # fmt: skip
        return Given(torch.cat([rows_of(x.x, rows) for rows in chunks(x.x)]).float())
    cells, reasons = settled(cells_given(x, where, known=Known.of(schema)), schema.columns, outside, where)
    vectors = torch.from_numpy(schema.encode(cells, where))
    for remark in remarks(cells, schema.columns):
        warnings.warn(f"{where}: {remark}", stacklevel=2)
    return Given(vectors, reasons)


def table_like(record: DataRecord, given: Any, outside: Outside = "skip") -> Dataset:
    """Other data for a run whose data are a table, read by its schema.

    Args:
        record: of the run's own data.
        given: a path, a table of any form, or a data set.
        outside: what is done with rows that the schema does not know.

    Raises:
        UserError: if they cannot be read so.
    """
    schema = record.schema
    assert schema is not None, "the record of a table"
    if isinstance(given, Dataset):
        return read_by(given, schema, outside)
    if isinstance(given, str | os.PathLike):
        return load_data(given, seed=record.seed, table=schema, outside=outside, **kept_of(record))
    return as_dataset(given, seed=record.seed, table=schema, outside=outside)


def kept_of(record: DataRecord) -> dict[str, Any]:
    """The settings of a run's reading that apply to another file of the same columns."""
    return {name: value for name, value in record.reading.items() if name in KEPT}


def read_alike(one: Dataset, other: Dataset) -> tuple[Dataset, Dataset]:
    """Two tables as one schema reads them, which is found from the columns and the rows of both.

    Raises:
        UserError: if they have no columns in common that a model could see.
    """
    assert one.table is not None, "a table"
    assert other.table is not None, "a table"
    both = [_cells(data) for data in (one, other)]
    names = {column.name for column in both[1].columns}
    shared = [replace(both[0], columns=tuple(column for column in both[0].columns if column.name in names)), both[1]]
    every = joined(dict(zip(("the first", "the second"), shared, strict=True)), other.name)
    schema = TableSchema(tuple(guess(column, names_rows=False) for column in every.columns), one.table.form)
    return read_by(one, schema), read_by(other, schema)


def _cells(data: Dataset) -> Cells:
    """All rows of a table."""
    assert data.table is not None, "a table"
    x = torch.cat([rows_of(split.x, rows) for split in data.splits.values() for rows in chunks(split.x)])
    return data.table.cells(x)


def read_by(data: Dataset, schema: TableSchema, outside: Outside = "refuse") -> Dataset:
    """A data set as a schema reads it: as it is where it was read by the same one.

    Args:
        data: a table.
        schema: how its rows are to be read.
        outside: what is done with rows that the schema does not know.

    Raises:
        UserError: if it is no table, or one of other columns.
    """
    if data.table == schema:
        return data
    if data.table is None:
        raise UserError(f"{data.name!r} is no table, and the data that it is read by are one: give the table itself, "
                        f"as a file, a DataFrame or columns by name")  # fmt: skip
    train, validation, test = (
        _encoded(split, data.table, schema, f"{name} of {data.name!r}", outside) for name, split in data.splits.items()
    )
    return replace(
        data,
        train=train,
        validation=validation,
        test=test,
        table=schema,
        data_shape=(schema.width,),
        fingerprint="",
        value_range=None,
    )


def _encoded(split: Split, of: TableSchema, schema: TableSchema, where: str, outside: Outside) -> Split:
    """The rows of a split that a schema knows, as it reads them, with their labels."""
    parts, taken = [], []
    for rows in chunks(split.x):
        found = settled(of.cells(rows_of(split.x, rows)), schema.columns, outside, where)
        parts.append(schema.encode(found.cells, where))
        taken.append(rows[found.rows])
    x = torch.from_numpy(np.concatenate(parts)) if parts else torch.zeros(0, schema.width)
    labels = split.labels
    return replace(split, x=x, y=None if labels is None else labels[torch.cat(taken)])
