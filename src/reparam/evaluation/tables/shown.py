"""The columns of a table as a picture shows them."""

from typing import TYPE_CHECKING, Any

from reparam.data.columns.table import TableSchema

if TYPE_CHECKING:
    from reparam.plots import ColumnCells


def shown_columns(schema: TableSchema, x: Any, seed: int = 0) -> "list[ColumnCells]":
    """The columns that a model sees, in the user's values, of rows ``(n, width)``."""
    from reparam.plots import ColumnCells

    seen = {kind.name for kind in schema.seen}
    cells = [column for column in schema.cells(x, seed=seed).columns if column.name in seen]
    return [ColumnCells(each.name, each.values, each.missing, each.values.dtype.kind == "i") for each in cells]
