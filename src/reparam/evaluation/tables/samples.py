"""Rows that a model of a table has made, as the table that the user has."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.data.columns.form import Table
from reparam.data.columns.table import TableSchema
from reparam.errors import UserError
from reparam.evaluation.draws import Samples
from reparam.evaluation.pictures import Reconstructions
from reparam.evaluation.tables.shown import shown_columns
from reparam.result import UNSAID
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from reparam.plots import ColumnCells


@dataclass(frozen=True, repr=False)
class TableSamples(Samples):
    """Draws of a model of a table: ``x`` is as the model sees rows, :meth:`frame` and :meth:`table` as the user does.

    Attributes:
        schema: of the table.
        seed: of the draws.
        given: what was known of the rows, and how well it could be met; None where nothing was.
        reference: rows of the data ``(m, width)`` that the picture shows beside them, if any.
    """

    schema: TableSchema | None = field(default=None, metadata=UNSAID)
    seed: int = 0
    given: str | None = None
    reference: np.ndarray | None = None

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The columns by name, in the user's types; words as text."""
        table = self.table()
        return {name: storable(table[name]) for name in table.columns}

    def table(self) -> Table:
        """The rows with the names, types, ranges and missing cells of the data; ``.to_csv(path)`` writes them."""
        return self._schema.table(self.x, self.y, self.seed)

    def frame(self) -> Any:
        """The same as a DataFrame, where pandas is installed."""
        return self._schema.frame(self.x, self.y, self.seed)

    @property
    def _schema(self) -> TableSchema:
        assert self.schema is not None
        return self.schema

    @property
    def title(self) -> str:
        """How many rows, after which step, given what."""
        given = "" if self.given is None else f" given {self.given}"
        return super().title.replace("samples", "rows") + given

    def __str__(self) -> str:
        return f"{self.title}\n{self.table()}"

    def figure(self) -> "Figure":
        """A panel a column, the data's beside where there is a reference."""
        from reparam.plots import column_panels

        beside = None if self.reference is None else shown_columns(self._schema, self.reference)
        return column_panels(self.panels, beside, title=self.title)

    @property
    def panels(self) -> "list[ColumnCells]":
        """The columns as they are drawn."""
        return shown_columns(self._schema, self.x, self.seed)


@dataclass(frozen=True, repr=False)
class TableReconstructions(Reconstructions):
    """What a model makes of rows of a table; :meth:`frame` and :meth:`table` are as the user's own.

    Attributes:
        schema: of the table.
        index: of the frame of pandas that was given.
    """

    schema: TableSchema | None = field(default=None, metadata=UNSAID)
    index: Any = field(default=None, metadata=UNSAID)

    def table(self) -> Table:
        """What became of the rows."""
        return self._schema.table(self.reconstruction)

    def frame(self) -> Any:
        """The same as a DataFrame, where pandas is installed."""
        return self._schema.frame(self.reconstruction, index=self.index)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The columns by name, those of the rows themselves behind ``given/``, and the codes."""
        given, made = self._schema.table(self.x), self.table()
        return {
            **{name: storable(made[name]) for name in made.columns},
            **{f"given/{name}": storable(given[name]) for name in given.columns},
            "z": self.z,
        }

    @property
    def _schema(self) -> TableSchema:
        assert self.schema is not None
        return self.schema

    def figure(self) -> "Figure":
        """A panel a column: the rows, and what became of them."""
        from reparam.plots import column_panels

        made, given = (shown_columns(self._schema, x) for x in (self.reconstruction, self.x))
        return column_panels(made, given, title=self.title, named=("reconstructions", "rows"))


def storable(column: np.ndarray) -> np.ndarray:
    """A column as an array that is saved without objects: missing whole numbers make it one of floats.

    >>> storable(np.array([1, None], dtype=object)), storable(np.array(["a", None], dtype=object))
    (array([ 1., nan]), array(['a', ''], dtype='<U1'))
    """
    if column.dtype.kind != "O":
        return column
    there = [cell for cell in column.tolist() if cell is not None]
    if there and all(isinstance(cell, int | float) for cell in there):
        return np.array([np.nan if cell is None else float(cell) for cell in column.tolist()])
    return np.array(["" if cell is None else str(cell) for cell in column.tolist()])


def table_of(run: Run) -> TableSchema:
    """The schema of a run's table.

    Raises:
        UserError: if its data are no table.
    """
    schema = run.record.schema
    if schema is None:
        raise UserError(f"{run.record.name!r} is no table, and has no columns of which anything could be asked")
    return schema
