"""Whether other data can be read, and seen by a model, as those of a run were."""

import os
from dataclasses import replace
from typing import Any

from reparam.data.columns.outside import Outside
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Dataset
from reparam.data.elsewhere import fitting
from reparam.data.given import as_dataset
from reparam.data.load import binarized, load_data
from reparam.data.record import DataRecord
from reparam.data.tables import table_like
from reparam.door import user_path
from reparam.errors import UserError


def data_like(record: DataRecord, given: Any, outside: Outside = "skip") -> Dataset:
    """Other data for a run: whatever holds examples, made 0 or 1 as the run's were, and of the same schema.

    What is drawn (a split that is not given, values binarized once) is drawn from the run's seed, so that a run's own
    arrays given again are its own data again.

    Args:
        record: of the run's own data.
        given: the others.
        outside: of rows of a table with cells that the run's own data do not know: ``"skip"`` leaves them out and says
            so, ``"clip"`` takes numbers and dates at the end of their range, ``"refuse"`` refuses all.

    Raises:
        UserError: if they cannot be read, or the schema differs.
    """
    if record.table is not None:
        data = table_like(record, given, outside)
        check_same_schema(record, data)
        return data
    how = fitting(record, user_path(given)) if isinstance(given, str | os.PathLike) else {}
    data = load_data(given, seed=record.seed, **how) if how else as_dataset(given, seed=record.seed)
    if record.binarization != "none" and data.binarization == "none" and not data.binary and is_unit(data.range):
        data = binarized(replace(data, seed=record.seed), record.binarization)
    check_same_schema(record, data)
    return data


def check_same_schema(record: DataRecord, data: Dataset | DataRecord) -> None:
    """Make sure that a model of the record's data can be given these.

    Raises:
        UserError: if shape, classes, or what the model sees of values (zeros and ones, scale) differ; one sentence
            says which.

    >>> from reparam.data import load_data
    >>> check_same_schema(DataRecord.of(load_data("ring")), load_data("mnist"))
    Traceback (most recent call last):
    reparam.errors.UserError: 'mnist' has examples of shape (1, 28, 28) and 'ring' of (2,): give data of the same shape
    """
    table = data.table.plain() if isinstance(data.table, TableSchema) else data.table
    if _columns(table) != _columns(record.table):
        raise UserError(
            f"{data.name!r} is {_of_columns(table)} and {record.name!r} {_of_columns(record.table)}: give the data "
            "themselves, as a file or a DataFrame, which are read as those were"
        )
    if tuple(data.data_shape) != tuple(record.data_shape):
        raise UserError(
            f"{data.name!r} has examples of shape {tuple(data.data_shape)} and {record.name!r} of "
            f"{tuple(record.data_shape)}: give data of the same shape"
        )
    if data.classes and record.classes and tuple(data.classes) != tuple(record.classes):
        raise UserError(
            f"{data.name!r} has the classes {_listed(data.classes)} and {record.name!r} {_listed(record.classes)}: "
            "give data of the same classes in the same order, or without labels"
        )
    _check_values(record, data)


def _columns(table: dict[str, Any] | None) -> dict[str, Any] | None:
    """A schema without how its file is written and its frame typed, which are nothing to a model."""
    return table and {name: part for name, part in table.items() if name not in ("punctuation", "dtypes")}


def _of_columns(table: dict[str, Any] | None) -> str:
    """A schema in words."""
    return "no table" if table is None else f"a {TableSchema.of_plain(table).summary}"


def _check_values(record: DataRecord, data: Dataset | DataRecord) -> None:
    if record.binary and not data.binary:
        low, high = data.range
        raise UserError(
            f"{data.name!r} has values from {low:g} to {high:g} and a model of {record.name!r} sees 0 and 1 only: "
            f'binarize them (binarization="{record.binarization if record.binarization != "none" else "threshold"}")'
        )
    if data.scale != record.scale and not (is_unit(data.range) and is_unit(record.range)):
        raise UserError(
            f"values of {data.name!r} are divided by {data.scale:g} and those of {record.name!r} by {record.scale:g}: "
            "give values in the same units"
        )


def is_unit(values: tuple[float, float]) -> bool:
    """Whether a range of values lies in [0, 1]."""
    return values[0] >= 0 and values[1] <= 1


def _listed(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
