"""The columns of a table as a picture shows them."""

from typing import TYPE_CHECKING, Any

from reparam.data.columns.table import TableSchema
from reparam.data.columns.texts import texts

if TYPE_CHECKING:
    from reparam.plots import ColumnCells


def shown_columns(schema: TableSchema, x: Any, seed: int = 0) -> "list[ColumnCells]":
    """The columns that a model sees, in the user's values, of rows ``(n, width)``."""
    from reparam.plots import ColumnCells

    seen = {kind.name for kind in schema.seen}
    cells = [column for column in schema.cells(x, seed=seed).columns if column.name in seen]
    values = [texts(each) if each.values.dtype.kind == "b" else each.values for each in cells]  # yes/no, as written
    return [
        ColumnCells(each.name, own, each.missing, own.dtype.kind == "i")
        for each, own in zip(cells, values, strict=True)
    ]
