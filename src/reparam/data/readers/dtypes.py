"""The types of pandas that a frame's columns come back in: categories, and numbers and truth values with gaps."""

import re
from dataclasses import asdict
from typing import Any

from reparam.data.readers.cells import Column, Dtype
from reparam.errors import UserError

NULLABLE = re.compile(r"U?Int(8|16|32|64)|Float(32|64)|boolean")
KINDS = {"U": "i", "I": "i", "F": "f", "b": "b"}
"""What values of each are, by the first letter of their names."""


def dtype_of(dtype: Any) -> Dtype | None:
    """What is kept of a type of pandas; None where its values say it themselves."""
    if hasattr(dtype, "categories"):
        categories = dtype.categories
        words = categories.dtype.kind in "if" or all(isinstance(category, str) for category in categories)
        return Dtype("category", tuple(categories.tolist()), bool(dtype.ordered)) if words else None
    return Dtype(str(dtype)) if NULLABLE.fullmatch(str(dtype)) else None


def as_dtype(column: Column, cells: Any, pandas: Any) -> Any:
    """Cells, None or NaN where they are missing, in the type of their column; as they are where they do not fit it.

    Args:
        column: whose type it is.
        cells: ``(n,)``, in the user's types.
        pandas: the library.
    """
    dtype = column.dtype
    if dtype is None:
        return cells
    if dtype.name == "category":
        made = pandas.Categorical(cells, categories=list(dtype.categories), ordered=dtype.ordered)
        return made if ((made.codes >= 0) | column.missing).all() else cells
    if KINDS[dtype.name[0]] != column.values.dtype.kind:
        return cells
    made = pandas.array(column.values, dtype=dtype.name)
    made[column.missing] = pandas.NA
    return made


def plain(dtype: Dtype) -> dict[str, Any]:
    """As JSON can hold it."""
    return asdict(dtype)


def of_plain(given: Any, where: str) -> dict[str, Dtype]:
    """The types that JSON holds, by column.

    Raises:
        UserError: if they are none.
    """
    if given is None:
        return {}
    found = {name: _one(part) for name, part in given.items()} if isinstance(given, dict) else {"": None}
    if wrong := [name for name, dtype in found.items() if dtype is None]:
        raise UserError(f'{where}: "dtypes" of column {wrong[0]!r:.60} is no type: remove it')
    return {name: dtype for name, dtype in found.items() if dtype is not None}


def _one(given: Any) -> Dtype | None:
    if not isinstance(given, dict) or set(given) != {"name", "categories", "ordered"}:
        return None
    name, categories, ordered = given["name"], given["categories"], given["ordered"]
    known = isinstance(name, str) and (name == "category" or NULLABLE.fullmatch(name)) and isinstance(ordered, bool)
    if not known or not isinstance(categories, list | tuple):
        return None
    types = {type(category) for category in categories}
    fits = types <= {str} or types <= {int, float}
    return Dtype(name, tuple(categories), ordered) if fits and len(set(categories)) == len(categories) else None
