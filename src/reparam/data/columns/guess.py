"""What kind a column is of, found from its cells, with the reason in words."""

import re

import numpy as np

from reparam.data.columns.category import MOST_LEVELS, Category
from reparam.data.columns.constant import Constant
from reparam.data.columns.date import Date
from reparam.data.columns.identifier import Identifier
from reparam.data.columns.integer import EXACT, MOST_SPAN, Integer, whole_numbers
from reparam.data.columns.kind import ColumnKind, present
from reparam.data.columns.levels import FEW, Levels
from reparam.data.columns.number import Number
from reparam.data.columns.truth import Truth
from reparam.data.readers.cells import Column

CALLED = re.compile(r"(?i:(?:.*[\W_])?(?:id|index|rownames?|rownum|row)|unnamed: ?\d+|level_0)|.*[a-z]I[dD]")
"""How columns are called that name rows: id, customer_id, PassengerId, index."""
CALLED_ROWS = 10
"""Rows from which a name is taken at its word."""
OFTEN = 20
"""Numbers of few different values are levels where each is there so often on average."""
ENOUGH = 20_000
"""Numbers that tell whether a tail is heavy."""
ENOUGH_FLAT = 200
"""Numbers that tell whether they are flat."""


def guess(column: Column, names_rows: bool = True) -> ColumnKind:
    """The kind that a column is of, as far as its cells tell.

    Args:
        column: the cells.
        names_rows: whether a column may be there only to name rows.

    >>> guess(Column("sizes", np.array(["S", "M", "S"], dtype=object), np.zeros(3, dtype=bool))).word
    'category'
    """
    values = present(column)
    if len(values) == 0:
        return Constant.of(column, "every cell is missing")
    if len(values) == len(column.values) and (values == values[0]).all():
        return Constant.of(column, "the same in every row")
    kind = values.dtype.kind
    if kind == "b":
        return Truth.of(column, "true or false")
    if kind == "M":
        return Date.of(column, "dates")
    return (_words if kind == "O" else _numbers)(column, values, names_rows)


def naming(column: Column) -> str | None:
    """Why a column only names rows, or counts them; None where it does not.

    Words that differ in every row; whole numbers that do and count the rows up, are called as identifiers are, or lie
    so far out that a float64, which models know numbers in, has not each of them.

    >>> naming(Column("user_id", np.array([7, 3, 9, 12, 1, 0, 44, 5, 8, 2]), np.zeros(10, dtype=bool)))
    'whole numbers that differ in every row, as its name says'
    """
    values = present(column)
    if len(values) <= 2 or column.missing.any():
        return None
    if values.dtype.kind == "O":
        return "words, different in every row" if len(set(values.tolist())) == len(values) else None
    if values.dtype.kind != "i":
        return None
    if bool((np.diff(values) == 1).all()):
        return "row numbers, each one more than the one before"
    called = len(values) >= CALLED_ROWS and CALLED.fullmatch(column.name)
    far = max(-int(values.min()), int(values.max())) > EXACT
    if not (called or far) or len(np.unique(values)) < len(values):
        return None
    why = "as its name says" if called else "and lie so far out that models know no single one"
    return f"whole numbers that differ in every row, {why}"


def _words(column: Column, values: np.ndarray, names_rows: bool) -> ColumnKind:
    different = len(set(values.tolist()))
    if names_rows and (why := naming(column)):
        return Identifier.of(column, why)
    rare = f", all but {MOST_LEVELS - 1} of them taken together" if different > MOST_LEVELS else ""
    return Category.of(column, f"words, {different:,} different{rare}")


def _numbers(column: Column, values: np.ndarray, names_rows: bool) -> ColumnKind:
    whole = whole_numbers(column)
    if names_rows and (why := naming(column)):
        return Identifier.of(column, why)
    different = np.unique(values)
    few = len(different) <= FEW and len(values) >= OFTEN * len(different)
    if few and whole is None and values.dtype.kind == "i":
        return Category.of(column, f"{len(different)} different numbers beyond 2^53, which only words tell apart")
    if whole is None:
        return Levels.of(column, f"{len(different)} different numbers") if few else Number.of(column, "numbers")
    if few or np.ptp(whole) <= FEW:
        return Levels.of(column, "few different whole numbers")
    if np.ptp(whole) > MOST_SPAN:
        return Number.of(column, "whole numbers of a wide range")
    return Integer.of(column, "whole numbers")


def heavy_tail(column: Column, kind: ColumnKind) -> str | None:
    """The kind that would suit a number better whose tail is heavy, if any: ``log`` or ``quantile``."""
    if type(kind) not in (Number, Integer):
        return None
    numbers = present(column).astype(np.float64)
    numbers = numbers[:: max(1, len(numbers) // ENOUGH)]
    if _skew(numbers) > 3 and numbers.min() > 0 and abs(_skew(np.log(numbers))) < 1.5:
        return "log"
    return "quantile" if _fourth(numbers) > 30 else None


def is_flat(column: Column, kind: ColumnKind) -> bool:
    """Whether numbers are about as frequent everywhere in their range, which quantiles suit better than a bell."""
    numbers = np.sort(present(column).astype(np.float64)) if type(kind) is Number else np.empty(0)
    if len(numbers) < ENOUGH_FLAT or numbers[0] == numbers[-1]:
        return False
    shares = (numbers - numbers[0]) / (numbers[-1] - numbers[0])
    apart = np.abs(shares - (np.arange(len(numbers)) + 0.5) / len(numbers)).max()
    # as far as flat numbers stray one time in twenty, and a little
    return bool(apart < 0.02 + 1.36 / len(numbers) ** 0.5)


def _standard(numbers: np.ndarray) -> np.ndarray:
    apart = numbers - numbers.mean()
    largest = np.abs(apart).max()
    apart = apart / largest if largest > 0 else apart
    spread = apart.std()
    return np.asarray(apart / spread if spread > 0 else np.zeros_like(apart))


def _skew(numbers: np.ndarray) -> float:
    u = _standard(numbers)
    return float((u * u * u).mean())


def _fourth(numbers: np.ndarray) -> float:
    u = _standard(numbers)
    return float((u * u * u * u).mean())
