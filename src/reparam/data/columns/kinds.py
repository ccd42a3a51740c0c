"""The kinds of columns by name: a file each, and this table, which settings, files and documents know them by."""

from reparam.data.columns.category import Category
from reparam.data.columns.constant import Constant
from reparam.data.columns.date import Date
from reparam.data.columns.dropped import Dropped
from reparam.data.columns.identifier import Identifier
from reparam.data.columns.integer import Integer
from reparam.data.columns.kind import ColumnKind
from reparam.data.columns.label import Label
from reparam.data.columns.levels import Levels
from reparam.data.columns.log import Log
from reparam.data.columns.number import Number
from reparam.data.columns.quantile import Quantile
from reparam.data.columns.truth import Truth
from reparam.data.readers.cells import Column
from reparam.errors import UserError
from reparam.nearest import meant

KINDS: dict[str, type[ColumnKind]] = {
    kind.word: kind
    for kind in (Number, Log, Quantile, Integer, Levels, Category, Truth, Date, Constant, Identifier, Dropped, Label)
}


def kind_named(word: str, column: str) -> type[ColumnKind]:
    """The kind of a name.

    Raises:
        UserError: if there is none, naming those there are.

    >>> kind_named("log", "income").__name__
    'Log'
    """
    if word not in KINDS:
        raise UserError(
            f'columns={{"{column}": "{word}"}}: there is no kind of column {word!r}{meant(word, KINDS)}; take '
            f"{', '.join(KINDS)}"
        )
    return KINDS[word]


def of_kind(column: Column, word: str, why: str = "asked for") -> ColumnKind:
    """A column read as a kind that was asked for.

    Raises:
        UserError: if there is no such kind, or the column cannot be of it.
    """
    return kind_named(word, column.name).of(column, why)
