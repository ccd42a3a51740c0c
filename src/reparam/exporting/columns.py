"""Which entries of a table's row are which column, and what a cell is of them: for programs that have no schema."""

from collections.abc import Mapping
from typing import Any

from reparam.data.columns.table import TableSchema
from reparam.distributions.columns import places

LONGEST = 200
"""Letters of a line on a column; the file holds all of it."""


def columns_in(schema: TableSchema) -> list[dict[str, Any]]:
    """The columns that a model sees: the first and the last of each one's entries, and what a cell is of them.

    Where cells may be missing, ``missing`` is the entry that is above one half where one is.
    """
    found = []
    for kind, place in zip(schema.seen, places(schema.families), strict=True):
        ends = [place.start, place.stop - 1 - kind.missing]
        missing = {"missing": place.stop - 1} if kind.missing else {}
        found.append({"column": kind.name, "kind": kind.word, "entries": ends, "cell": kind.told, **missing})
    return found


def told_of(column: Mapping[str, Any]) -> str:
    """A column in a line.

    >>> told_of({"column": "age", "kind": "integer", "entries": [0, 0], "cell": "40 + 9 u", "missing": 1})
    "u[0] 'age': 40 + 9 u; missing where u[1] > 0.5"
    """
    first, last = column["entries"]
    at = f"u[{first}]" if first == last else f"u[{first}..{last}]"
    cell = column["cell"] if len(column["cell"]) <= LONGEST else column["cell"][: LONGEST - 1] + "…"
    missing = f"; missing where u[{column['missing']}] > 0.5" if "missing" in column else ""
    return f"{at} {column['column']!r}: {cell}{missing}"
