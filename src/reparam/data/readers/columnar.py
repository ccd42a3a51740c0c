"""Tables in columns: Parquet, Feather and Arrow files."""

from pathlib import Path
from typing import Any

from reparam.data.readers.cells import Cells
from reparam.data.readers.frames import settled
from reparam.data.readers.frames.arrow_table import arrow_table
from reparam.data.readers.known import Known
from reparam.errors import UserError
from reparam.settings import ReadingConfig

ENDINGS = (".parquet", ".feather", ".arrow", ".ipc")


def read_columnar(path: Path, how: ReadingConfig, known: Known | None = None) -> Cells:
    """The columns of a Parquet, Feather or Arrow file.

    Args:
        path: of the file.
        how: the settings of reading.
        known: what a schema says of the columns, where the table is to be read by one.

    Raises:
        UserError: if pyarrow is not installed, the file is none of these, or a column holds what no table can.
    """
    where = repr(str(path))
    try:
        import pyarrow as pa
    except ImportError:
        raise UserError(
            f"{where} is read with pyarrow, which is not installed: pip install 'reparam[tables]'."
        ) from None
    try:
        table = arrow_table(_table(path))
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"{where} cannot be read as a table in columns ({said}): write or copy it again.") from error
    return settled(table, where, how, known)


def _table(path: Path) -> Any:
    """The table of a file by what it begins with; its bytes stay on disk as far as the format has them as they are."""
    import pyarrow as pa
    from pyarrow import feather, ipc, parquet

    with path.open("rb") as file:
        magic = file.read(6)
    if magic.startswith(b"PAR1"):
        return parquet.ParquetFile(path).read()
    if magic.startswith(b"FEA1"):
        return feather.read_table(path, memory_map=True)
    source = pa.memory_map(str(path))
    return (ipc.open_file(source) if magic == b"ARROW1" else ipc.open_stream(source)).read_all()
