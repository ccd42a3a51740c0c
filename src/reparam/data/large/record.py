"""What a converted table says of itself."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from reparam.data.columns.table import TableSchema
from reparam.data.large.rows import Codes, ConvertedRows, Layout, again
from reparam.data.readers.mapped import NpyFile, recorded_array
from reparam.door import Damaged, Missing, Unreadable, parse, read_bytes
from reparam.errors import UserError
from reparam.settings import Config

RECORD = "table.json"
MOST = 256 * 2**20
"""Bytes of the record of the widest table there may be."""
FORMAT = "converted table"
Size = Annotated[int, Field(gt=0, le=2**50)]


class TableRecord(Config):
    """What a converted table says of itself, from which the sizes of its arrays follow."""

    made_by: str
    format: Literal["converted table"]
    version: Literal[1]
    name: str
    examples: Size
    table: dict[str, Any]
    """The schema."""
    low: float
    high: float
    """The smallest and the largest entry."""
    classes: tuple[str, ...] = ()
    labels: Literal["", "int8", "int16", "int32", "int64"] = ""
    """The dtype of labels, if there are any."""
    splits: str = ""
    """The column that named the splits."""
    groups: str = ""
    """The column whose equal values stay together."""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Converted:
    """A converted table as it lies on disk.

    Args:
        folder: that holds it.
        record: what it says of itself.
    """

    folder: Path
    record: TableRecord

    @classmethod
    def at(cls, folder: Path) -> "Converted":
        """The table of a folder.

        Raises:
            UserError: if its record is damaged.
        """
        try:
            record = TableRecord(**parse(read_bytes(folder / RECORD, MOST).decode()))
        except (Missing, Unreadable):
            raise
        except (ValueError, TypeError, RecursionError, UserError) as error:
            raise Damaged(
                f"{folder / RECORD} is no record of a converted table ({str(error)[:160]}): {again(folder)}"
            ) from None
        return cls(folder, record)

    @cached_property
    def schema(self) -> TableSchema:
        """How its columns are read."""
        schema = TableSchema.of_plain(self.record.table, str(self.folder / RECORD))
        if self.record.labels and (schema.label is None or schema.label.classes != self.record.classes):
            raise Damaged(f"{self.folder / RECORD} speaks of other classes than its column of labels: "
                          f"{again(self.folder)}")  # fmt: skip
        return schema

    @property
    def rows(self) -> ConvertedRows:
        """Its rows as a model sees them."""
        layout = Layout(self.schema)
        return ConvertedRows(self.array("x", np.uint8, (self.record.examples, layout.row_bytes)), layout)

    @property
    def codes(self) -> Codes | None:
        """Its labels."""
        if not self.record.labels:
            return None
        file = self.array("y", np.dtype(self.record.labels), (self.record.examples,))
        return Codes(file, len(self.record.classes))

    def array(self, name: str, dtype: Any, shape: tuple[int, ...]) -> NpyFile:
        """One of its arrays.

        Raises:
            UserError: if it is not there, or not as the record says.
        """
        return recorded_array(self.folder / f"{name}.npy", dtype, shape, again(self.folder))
