"""A table of a page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reparam.pages.numbers import as_number, is_numeric, number


@dataclass(frozen=True)
class Cell:
    """A table's cell: text as it is, a number by :func:`reparam.pages.numbers.number`.

    Args:
        value: what is shown.
        strong: it is the best.
        order: the number that it is sorted by; unless given the one that its text begins with.
    """

    value: str | float | None
    strong: bool = False
    order: float | None = None

    @property
    def text(self) -> str:
        """What is written."""
        return self.value if isinstance(self.value, str) else number(self.value)

    @property
    def place(self) -> float | None:
        """The number that it is sorted by; None of words, and where there is none."""
        if self.order is not None:
            return self.order
        return self.value if isinstance(self.value, int | float) else as_number(self.text)


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row.

    Args:
        columns: the heads, with units.
        rows: as many cells each as there are columns: a :class:`Cell`, text, a number or None.
        caption: what the numbers are and how they were made.
        notes: what some columns are, by their heads, for those who ask.
        last: how many of the last rows stay there however the others are sorted.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str | float | None]]
    caption: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    last: int = 0

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells does not fit {len(self.columns)} columns: {row}")
        if unknown := self.notes.keys() - set(self.columns):
            raise ValueError(f"there is no column {min(unknown)!r} that a note could be of")

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, every cell a :class:`Cell`."""
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether all its cells read as numbers."""
        return [all(is_numeric(row[i].text) for row in self.cells) for i in range(len(self.columns))]

    @property
    def sorts(self) -> bool:
        """Whether there is anything to be sorted."""
        return len(self.rows) - self.last > 1
