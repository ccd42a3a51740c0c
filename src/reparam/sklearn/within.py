"""Rows of a fold that another was fitted on: whole numbers and dates beyond its range are taken at the range's end.

A column of whole numbers is a law on those that were seen, so that none beyond has a probability; a cross-validation
meets some in nearly every fold, and one row would end it.
"""

from typing import Any

import numpy as np

from reparam.data.columns.date import Date
from reparam.data.columns.integer import Integer
from reparam.data.columns.table import TableSchema
from reparam.errors import tell


def within(schema: TableSchema | None, X: Any) -> Any:
    """A DataFrame whose whole numbers and dates lie in the range that the schema knows; says how many did not.

    Args:
        schema: of what an estimator was fitted on.
        X: of pandas; anything else comes back as it is.
    """
    import pandas as pd

    if schema is None or not isinstance(X, pd.DataFrame):
        return X
    moved: dict[str, int] = {}
    found = {}
    for kind in schema.seen:
        if kind.name not in X or (ends := _ends(kind, X[kind.name])) is None:
            continue
        beyond = (X[kind.name] < ends[0]) | (X[kind.name] > ends[1])
        if count := int(np.count_nonzero(beyond.fillna(False))):
            moved[kind.name], found[kind.name] = count, X[kind.name].clip(*ends)
    if moved:
        counts = ", ".join(f"{count:,} of {name!r}" for name, count in moved.items())
        tell(f"cells of X lie beyond the range that was fitted, and are taken at its end: {counts}")
    return X.assign(**found) if moved else X


def _ends(kind: Any, column: Any) -> tuple[Any, Any] | None:
    """The range of a column, in the column's own values; None where it has none, or words."""
    import pandas as pd

    if isinstance(kind, Integer) and pd.api.types.is_numeric_dtype(column.dtype):
        return kind.low, kind.high
    if isinstance(kind, Date) and isinstance(column.dtype, np.dtype) and column.dtype.kind == "M":
        return pd.Timestamp(kind.low), pd.Timestamp(kind.high)
    return None
