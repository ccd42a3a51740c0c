"""Vectors, which no schema says anything of, as a table."""

import numpy as np

from reparam.data.columns.form import Table
from reparam.data.readers.cells import Column
from reparam.errors import UserError


def vector_table(x: np.ndarray) -> Table:
    """Vectors ``(n, d)`` as columns x1 to xd, written with nine digits, which give a float32 back bit for bit.

    Raises:
        UserError: if they are images.

    >>> print(vector_table(np.array([[0.1, 2], [0.25, 3]], dtype=np.float32)))
    x1                   x2
    0.10000000149011612  2.0
    0.25                 3.0
    """
    if x.ndim != 2:
        raise UserError(
            f"examples of shape {x.shape[1:]} are no rows of a table: name a .png, or an .npz of the numbers"
        )
    return Table(tuple(_column(f"x{at + 1}", values) for at, values in enumerate(x.T)))


def _column(name: str, values: np.ndarray) -> Column:
    text = np.array([f"{value:.9g}" for value in values.tolist()], dtype=object)
    return Column(name, values.astype(np.float64), np.isnan(values), text=text)
