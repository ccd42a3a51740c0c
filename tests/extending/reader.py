"""A data format of one's own: numbers between blanks, a line an example."""

import numpy as np

from reparam.data import Format
from reparam.data.readers.assemble import assemble
from reparam.errors import UserError


def read(path, asked):
    """The lines as vectors, split as every source is that names no splits."""
    try:
        x = np.loadtxt(path, dtype=np.float32, ndmin=2)
    except ValueError as error:
        raise UserError(f"{str(path)!r} holds no rows of numbers ({error}): give as many in each line.") from None
    return assemble(path.name, str(path), {"all": x}, {}, asked)


FORMAT = Format(read)
