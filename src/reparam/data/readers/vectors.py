"""A table whose columns are plain numbers: rows as float32 vectors in the numbers' own units, or as flat images."""

import math
from dataclasses import replace

import numpy as np
import torch

from reparam.data.columns.number import as_numbers
from reparam.data.columns.texts import texts
from reparam.data.dataset import Split
from reparam.data.readers.asked import Asked
from reparam.data.readers.assemble import assemble
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.labels import encode_labels
from reparam.data.readers.layout import scan
from reparam.data.readers.roles import STRATIFIED, Roles
from reparam.data.readers.rows import Rows, rows_by_split
from reparam.data.reading import Reading, by_name
from reparam.errors import UserError
from reparam.settings import ReadingConfig


def vectors_reading(cells: Cells, name: str, asked: Asked, roles: Roles, given: Rows | None = None) -> Reading:
    """Rows of numbers as float32 vectors ``(d,)``.

    Raises:
        UserError: if a cell is missing, or no number, or too large for a float32.
    """
    where = repr(name)
    x = np.stack([_numbers(column, cells, where) for column in _examples(cells, roles, where)], axis=1)
    values = scan([x], where)
    marks = _marks(cells, roles)
    (codes,), classes = encode_labels([marks], where)
    by_class = None if codes is None or asked.how.split_by != STRATIFIED else codes.numpy()
    rows, note = rows_by_split(cells, asked, asked.how, roles, by_class, given)
    with np.errstate(over="ignore"):
        splits = [Split(torch.from_numpy(x[part.numpy()].astype(np.float32)), None if codes is None else codes[part])
                  for part in rows.values()]  # fmt: skip
    return Reading(
        name, by_name(splits), data_shape=(x.shape[1],), low=values.low, high=values.high, binary=values.binary,
        classes=classes, notes=(*cells.notes, *roles.notes, note),
    )  # fmt: skip


def images_reading(cells: Cells, name: str, asked: Asked, roles: Roles, given: Rows | None = None) -> Reading:
    """Rows of pixels, a square number of them, as grey images.

    Raises:
        UserError: if the number of columns is no square, or as :func:`vectors_reading`.
    """
    where = repr(name)
    columns = _examples(cells, roles, where)
    side = math.isqrt(len(columns))
    if side * side != len(columns):
        raise UserError(f"{where} has {len(columns):,} columns beside labels and what is left out, which is no square "
                        f'number of pixels: leave others out with drop=..., or take read_as="table"')  # fmt: skip
    x = np.stack([_numbers(column, cells, where) for column in columns], axis=1).reshape(-1, side, side)
    if all(column.values.dtype.kind == "i" for column in columns):
        x = x.astype(np.int64)
    marks = _marks(cells, roles)
    rows, note = rows_by_split(cells, asked, asked.how, roles, None, given)
    found = assemble(
        name,
        name,
        {split: x[part.numpy()] for split, part in rows.items()},
        {} if marks is None else {split: marks[part.numpy()] for split, part in rows.items()},
        replace(asked, how=ReadingConfig(read_as="images")),
        notes=(*cells.notes, *roles.notes, f"rows of {len(columns)} numbers read as {side}x{side} grey images"),
    )
    return replace(found, notes=(*found.notes[:-1], note))


def _examples(cells: Cells, roles: Roles, where: str) -> list[Column]:
    """The columns that are part of an example."""
    others = {roles.labels, roles.groups, roles.splits, *roles.dropped}
    columns = [column for column in cells.columns if column.name not in others]
    if not columns:
        raise UserError(f"{where} has no column but its labels: give columns of numbers beside them.")
    if roles.kinds:
        raise UserError('columns=... says what kinds columns are of, and read_as="vectors" has none: leave one out')
    return columns


def _numbers(column: Column, cells: Cells, where: str) -> np.ndarray:
    """A column as float64."""
    if column.missing.any():
        raise UserError(f"{_place(column.missing, cells)} of {where} has no value in column {column.name!r}: fill it "
                        f'in, remove the row, or take read_as="table", which reads it as missing.')  # fmt: skip
    values, known = as_numbers(column)
    if not known.all() and column.values.dtype.kind != "f":
        words = texts(column)[~known]
        raise UserError(
            f"Column {column.name!r} of {where} is not one of numbers ({_place(~known, cells).lower()} says "
            f'{words[0]!r}): take read_as="table", make it the labels with labels="{column.name}", or leave it out '
            f'with drop="{column.name}".'
        )
    return values


def _place(which: np.ndarray, cells: Cells) -> str:
    at = int(np.flatnonzero(which)[0])
    return f"Row {at + 1}" if cells.lines is None else f"Row {cells.lines[at]}"


def _marks(cells: Cells, roles: Roles) -> np.ndarray | None:
    """Labels as whole numbers where all of them are, else as the words they are."""
    column = next((column for column in cells.columns if column.name == roles.labels), None)
    if column is None:
        return None
    return column.values if column.values.dtype.kind in "ifb" else texts(column).astype(str)
