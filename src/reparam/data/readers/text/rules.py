"""What is known of a text table before its columns are judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reparam.data.readers.text.numbers import Format, format_of
from reparam.data.readers.text.spellings import Spellings

NUMBERS = ("number", "integer", "log", "quantile")
WORDS = ("category", "identifier", "dropped", "label")


@dataclass(frozen=True)
class Rules:
    """What is known of a table where its columns are judged one by one.

    Args:
        spellings: of missing cells.
        decimal: the decimal sign that was given.
        likely: the one to be taken where a column leaves it open.
        shown: whether the table shows that one.
        plain: whether columns are numbers or words and nothing else.
        asked: the kinds of columns that were given, by name.
        written: how the columns of dates are written, by name, if that is known: no others are dates then.
    """

    spellings: Spellings = field(default_factory=Spellings)
    decimal: str | None = None
    likely: str | None = None
    shown: bool = False
    plain: bool = False
    asked: Mapping[str, str] = field(default_factory=dict)
    written: Mapping[str, str | None] | None = None

    def form(self, texts: Sequence[str]) -> Format | None:
        """How these are written as numbers, if all of them are some."""
        if not texts:
            return Format()
        if self.plain:
            way = Format(self.decimal or ".")
            return way if all(way.plain(text) is not None for text in texts) else None
        return format_of(texts, self.decimal, self.likely)
