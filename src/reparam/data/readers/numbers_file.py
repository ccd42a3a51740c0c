"""Tables: .csv files of numbers, with or without a header, with or without a column of labels."""

import csv
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from reparam.data.dataset import Split
from reparam.data.readers.labels import encode_labels
from reparam.data.readers.layout import scan
from reparam.data.reading import Reading, by_name, split_note, split_rows
from reparam.errors import UserError

LABEL_NAMES = ("label", "class", "target", "y")
MISSING = {"", "na", "n/a", "nan", "null", "none", "?"}


class Table(NamedTuple):
    """Cells by column, the columns' names, and the line of the file each row stands on."""

    names: list[str]
    columns: list[tuple[str, ...]]
    lines: list[int]


def read_csv(path: Path, seed: int, labels: str | None) -> Reading:
    """Rows of numbers as float32 vectors ``(d,)``, split 80/10/10 from the seed.

    The first row is a header when its cells are names. ``labels``: a column's name, or its number counted from 1; by
    default a column named label, class, target or y, provided it holds words or whole numbers.

    Raises:
        UserError: When a row is ragged, a cell is missing or not a number, or the labels' column does not exist.
    """
    table = _read_table(path)
    _check_missing(table, path)
    marked, notes = _label_column(table, labels, path)
    numeric = [_numbers(table, at, path) for at in range(len(table.names)) if at != marked]
    if not numeric:
        raise UserError(f"{str(path)!r} has no column but its labels: give columns of numbers beside them.")
    x = np.stack(numeric, axis=1)
    values = scan([x], repr(str(path)))
    parts = split_rows(len(x), seed)
    marks = None if marked is None else _marks(table.columns[marked])
    codes, classes = encode_labels([None if marks is None else marks[part.numpy()] for part in parts], repr(str(path)))
    with np.errstate(over="ignore"):
        splits = [Split(torch.from_numpy(x[part.numpy()].astype(np.float32)), y)
                  for part, y in zip(parts, codes, strict=True)]  # fmt: skip
    return Reading(
        path.name, by_name(splits), data_shape=(x.shape[1],), low=values.low, high=values.high, binary=values.binary,
        classes=classes, notes=(*notes, split_note(seed)),
    )  # fmt: skip


def _read_table(path: Path) -> Table:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = file.readline()
            file.seek(0)
            reader = csv.reader(file, delimiter=max(",;\t", key=first.count), skipinitialspace=True)
            rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if any(map(str.strip, row))]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{str(path)!r} cannot be read as a table ({error}): save it as CSV in UTF-8.") from error
    if not rows:
        raise UserError(f"{str(path)!r} is empty: give a table with rows.")
    width = len(rows[0][1])
    for line, row in rows:
        if len(row) != width:
            raise UserError(f"Row {line} of {str(path)!r} has {len(row)} cells and the first has {width}: give every "
                            f"row as many.")  # fmt: skip
    names = rows.pop(0)[1] if _has_header([row for _, row in rows[:2]]) else [f"column {at + 1}" for at in range(width)]
    columns = [tuple(row[at] for _, row in rows) for at in range(width)]
    return Table(names, columns, [line for line, _ in rows])


def _has_header(rows: list[list[str]]) -> bool:
    """Whether the first row names the columns: it has no number, or a word where the second row has a number."""
    first = [_is_number(cell) or cell.lower() in MISSING for cell in rows[0]]
    if not any(first):
        return True
    return len(rows) > 1 and any(not a and _is_number(b) for a, b in zip(first, rows[1], strict=True))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _check_missing(table: Table, path: Path) -> None:
    for name, cells in zip(table.names, table.columns, strict=True):
        for line, cell in zip(table.lines, cells, strict=True):
            if cell.lower() in MISSING:
                raise UserError(f"Row {line} of {str(path)!r} has no value in column {name!r} (it says {cell!r}): fill "
                                f"it in or remove the row.")  # fmt: skip


def _label_column(table: Table, labels: str | None, path: Path) -> tuple[int | None, tuple[str, ...]]:
    """The place of the labels' column, if any, and what to note."""
    names = table.names
    if labels is not None:
        if labels in names:
            return names.index(labels), ()
        if labels.isdecimal() and 1 <= int(labels) <= len(names):
            return int(labels) - 1, ()
        known = ", ".join(map(repr, names[:20])) + (" ..." if len(names) > 20 else "")
        raise UserError(f"{str(path)!r} has no column {labels!r} to take labels from: its columns are {known}.")
    found = [at for at, name in enumerate(names) if name.lower() in LABEL_NAMES]
    if len(found) != 1 or sorted(map(str.lower, names)) == ["x", "y"]:
        return None, ()
    if any(_is_number(cell) and not float(cell).is_integer() for cell in table.columns[found[0]]):
        return None, (f"column {names[found[0]]!r} holds fractions and is read as a value, not as labels",)
    return found[0], (f"column {names[found[0]]!r} read as labels",)


def _numbers(table: Table, at: int, path: Path) -> np.ndarray:
    """A column as float64."""
    try:
        return np.array(table.columns[at], dtype=np.float64)
    except ValueError:
        line, cell = next((n, c) for n, c in zip(table.lines, table.columns[at], strict=True) if not _is_number(c))
        raise UserError(
            f"Column {table.names[at]!r} of {str(path)!r} is not one of numbers (row {line} says {cell!r}): remove it, "
            f"or make it the labels with labels={at + 1}."
        ) from None


def _marks(cells: tuple[str, ...]) -> np.ndarray:
    """Labels as whole numbers where all of them are, else as the words they are."""
    numbers = all(_is_number(cell) and float(cell).is_integer() for cell in cells)
    return np.array(cells, dtype=np.float64) if numbers else np.array(cells)
