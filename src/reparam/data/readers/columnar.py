"""Tables in columns: Parquet, Feather and Arrow files."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from reparam.data.readers.cells import Cells
from reparam.data.readers.claims import require_memory
from reparam.data.readers.frames import settled
from reparam.data.readers.frames.arrow_table import arrow_table
from reparam.data.readers.known import Known
from reparam.errors import UserError
from reparam.settings import ReadingConfig

ENDINGS = (".parquet", ".feather", ".arrow", ".ipc")
CELL, COPIES = 8, 2
"""Bytes of a cell in memory, and how often a column is held while it is read."""


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
    with closing(Columnar(path)) as file, _told(where):
        table = arrow_table(file.whole())
    return settled(table, where, how, known)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """What pyarrow says of a file that it cannot read, in a sentence."""
    import pyarrow as pa

    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"{where} cannot be read as a table in columns ({said}): write or copy it again.") from error


class Columnar:
    """A Parquet, Feather or Arrow file, by what it begins with, whose columns can be had one by one.

    Its bytes stay on disk as far as the format has them as they are.

    Args:
        path: of the file.

    Raises:
        UserError: if pyarrow is not installed, or the file is none of these.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.where = path, repr(str(path))
        try:
            import pyarrow  # noqa: F401
        except ImportError:
            raise UserError(
                f"{self.where} is read with pyarrow, which is not installed: pip install 'reparam[tables]'."
            ) from None
        with path.open("rb") as file:
            self.magic = file.read(6)
        with _told(self.where):
            self._parquet = self._opened() if self.magic.startswith(b"PAR1") else None

    def _opened(self) -> Any:
        from pyarrow import parquet

        return parquet.ParquetFile(self.path)

    def close(self) -> None:
        """Let go of the file."""
        if self._parquet is not None:
            self._parquet.close()

    def whole(self) -> Any:
        """All of its columns."""
        return self._table(None)

    @cached_property
    def schema(self) -> Any:
        """Names and types of the columns."""
        with _told(self.where):
            return self._parquet.schema_arrow if self._parquet is not None else self._table([]).schema

    @property
    def names(self) -> list[str]:
        """Of all columns."""
        return list(self.schema.names)

    @cached_property
    def rows(self) -> int:
        """How many there are."""
        with _told(self.where):
            if self._parquet is not None:
                return int(self._parquet.metadata.num_rows)
            return self._counted() if self.names else 0

    def _counted(self) -> int:
        """The rows of what has no list of them: a piece at a time, since little that is packed may be a lot."""
        import pyarrow as pa
        from pyarrow import ipc

        if self.magic.startswith(b"FEA1"):
            return int(self._table([0]).num_rows)
        options = ipc.IpcReadOptions(included_fields=[0])
        with pa.memory_map(str(self.path)) as source:
            if self.magic != b"ARROW1":
                return sum(batch.num_rows for batch in ipc.open_stream(source, options=options))
            file = ipc.open_file(source, options=options)
            return sum(file.get_batch(at).num_rows for at in range(file.num_record_batches))

    def column(self, number: int) -> Any:
        """A table of one of the columns.

        Raises:
            UserError: if it cannot be read.
        """
        require_memory(self.where, COPIES * CELL * self.rows, "split it into files of fewer rows")
        with _told(self.where):
            if self._parquet is not None:
                return self._parquet.read(columns=[self.names[number]], use_threads=False).select([self.names[number]])
            return self._table([number])

    def empty(self, number: int) -> Any:
        """A table of one of the columns and of no rows."""
        import pyarrow as pa

        return pa.schema([self.schema.field(number)], metadata=self.schema.metadata).empty_table()

    def _table(self, fields: list[int] | None) -> Any:
        """Some of the columns, or all of them; none: names and types alone."""
        import pyarrow as pa
        from pyarrow import feather, ipc

        if self._parquet is not None:
            return self._parquet.read()
        if self.magic.startswith(b"FEA1"):
            return _checked(feather.read_table(self.path, columns=fields, memory_map=True))
        source = pa.memory_map(str(self.path))
        options = ipc.IpcReadOptions(included_fields=fields or None)
        opened = (ipc.open_file if self.magic == b"ARROW1" else ipc.open_stream)(source, options=options)
        return opened.schema.empty_table() if fields == [] else _checked(opened.read_all())


def _checked(table: Any) -> Any:
    """A table whose buffers are as a file has them, once it is sure that nothing in them leads out of them.

    Parquet is decoded into buffers of pyarrow's own; of these formats it takes offsets and codes as they are, and
    follows them wherever they lead.
    """
    table.validate(full=True)
    return table
