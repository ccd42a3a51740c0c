"""Tables: from typed cells to splits, of columns of kinds unless plain numbers or flat images are asked for."""

from reparam.data.readers.asked import Asked
from reparam.data.readers.cells import Cells
from reparam.data.readers.columns import columns_reading
from reparam.data.readers.roles import roles_of
from reparam.data.readers.rows import Rows
from reparam.data.readers.vectors import images_reading, vectors_reading
from reparam.data.reading import Reading


def table_reading(cells: Cells, name: str, asked: Asked, given: Rows | None = None) -> Reading:
    """A table as splits of rows that models see.

    Args:
        cells: what was read.
        name: what the data are called.
        asked: how they are to be read.
        given: row numbers by split, where whoever has the data has split them.

    Raises:
        UserError: if cells cannot be read as was asked, no column is left, or there are too few rows.
    """
    plain = {"vectors": vectors_reading, "images": images_reading}.get(asked.how.read_as)
    if plain is None or asked.table is not None:
        return columns_reading(cells, name, asked, given)
    return plain(cells, name, asked, roles_of(cells, asked.how, repr(name)), given)
