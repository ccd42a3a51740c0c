"""What every kind of column can do: be found in cells, make entries of a vector of them, and cells of entries."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from pydantic import ConfigDict

from reparam.data.readers.cells import Column
from reparam.distributions.columns import Family
from reparam.errors import UserError
from reparam.settings import Config


class Read(NamedTuple):
    """The cells of a column as a kind works with them.

    ``values: (n,)``; ``known: (n,)`` bool, False where a cell that is not missing lies outside of what the kind knows.
    What stands where a cell is missing or not known means nothing.
    """

    values: np.ndarray
    known: np.ndarray


class ColumnKind(Config, ABC):
    """One column of a table; a model sees it where its kind is a :class:`SeenKind`."""

    # strict: what stands in a file is taken as it is or refused, never converted
    model_config = ConfigDict(strict=True)

    word: ClassVar[str]
    """The kind's name, which files and settings know it by."""

    name: str
    """The column's."""
    why: str = ""
    """Why it is of this kind, in words."""
    missing: bool = False
    """Whether cells may be missing."""

    @classmethod
    @abstractmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """The kind with all that it needs, found from a column.

        Raises:
            UserError: if the column cannot be of this kind.
        """

    @property
    def about(self) -> str:
        """Range, levels or value, in words."""
        return ""


class SeenKind(ColumnKind):
    """A column that a model sees: how its cells become entries of the vector of a row, and back."""

    @property
    @abstractmethod
    def family(self) -> Family:
        """How the column lies in that vector."""

    @property
    @abstractmethod
    def told(self) -> str:
        """What entries u of a row stand for, in words: how a program without reparam makes a cell of them."""

    @abstractmethod
    def read(self, column: Column) -> Read:
        """A column's cells in the kind's own type, and which of them it knows."""

    def nearest(self, column: Column) -> Column:
        """The column with cells beyond the range of its kind at the range's end; as it is where there is no nearest."""
        return column

    @abstractmethod
    def entries(self, values: np.ndarray) -> np.ndarray:
        """Values that :meth:`read` gave and knows, as ``(n, width)`` float64."""

    @abstractmethod
    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """Cells that entries ``(n, width)`` float64 stand for.

        Args:
            entries: what a model made; any finite numbers will do.
            missing: where cells are missing.
            noise: what is drawn where entries do not say which of several cells they mean.
        """


def present(column: Column) -> np.ndarray:
    """The values of the cells that are not missing."""
    return np.asarray(column.values[~column.missing])


def wrong(column: Column, kind: str, what: str, instead: str) -> UserError:
    """That a column cannot be of a kind, in a sentence; ``instead`` is a kind that would do."""
    return UserError(
        f'column {column.name!r} cannot be read as {kind}: it {what}; take columns={{"{column.name}": "{instead}"}}'
    )


def base(column: Column, why: str) -> dict[str, Any]:
    """What every kind keeps of its column."""
    return {"name": column.name, "why": why, "missing": bool(column.missing.any())}
