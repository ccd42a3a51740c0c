"""Arrays whose rows are rows of a table: columns of numbers that have no names."""

from collections.abc import Mapping

import numpy as np
import torch

from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells, Column
from reparam.data.readers.columns import columns_reading
from reparam.data.readers.labels import encode_labels
from reparam.data.reading import Reading

LARGEST = 2**63 - 1


def array_cells(x: np.ndarray) -> Cells:
    """The columns of an array ``(n, d)`` of numbers; NaN are missing cells.

    >>> [column.name for column in array_cells(np.zeros((3, 2))).columns]
    ['column 1', 'column 2']
    """
    columns = (x if x.ndim > 1 else x[:, None]).T
    return Cells(tuple(_column(f"column {at + 1}", each) for at, each in enumerate(columns)), header=False)


def _column(name: str, values: np.ndarray) -> Column:
    if values.dtype.kind == "u" and values.size and values.max() > LARGEST:
        values = values.astype(np.float64)
    kinds: dict[str, type] = {"f": np.float64, "i": np.int64, "u": np.int64, "b": np.bool_}
    cells: np.ndarray = values.astype(kinds[values.dtype.kind])
    return Column(name, cells, np.isnan(cells) if cells.dtype.kind == "f" else np.zeros(len(cells), dtype=bool))


def array_table(
    name: str,
    where: str,
    xs: Mapping[str, np.ndarray],
    ys: Mapping[str, np.ndarray],
    asked: Asked,
    classes: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Reading:
    """Arrays by split, or one for ``all``, as a table; labels where they are given.

    Raises:
        UserError: as :func:`reparam.data.readers.columns.columns_reading`.
    """
    codes, classes = encode_labels([ys.get(split) for split in xs], where, classes)
    ends = np.cumsum([0, *map(len, xs.values())])
    rows = {split: torch.arange(ends[at], ends[at + 1]) for at, split in enumerate(xs)}
    x = np.concatenate(list(xs.values()))
    none = [
        torch.full((len(each),), -1) if code is None else code for each, code in zip(xs.values(), codes, strict=True)
    ]
    labels = (torch.cat(none).numpy(), classes) if any(code is not None for code in codes) else None
    cells = array_cells(x)
    return columns_reading(
        Cells(cells.columns, notes, header=False), name, asked, None if "all" in xs else rows, "array", labels
    )
