"""The signs that a text table is written with, so that others like it are."""

from dataclasses import dataclass
from typing import Any

from reparam.errors import UserError

CALLED = {"\t": "tabs", ",": "commas", ";": "semicolons", "|": "bars"}
POINTS = {".": "decimal points", ",": "decimal commas"}


@dataclass(frozen=True)
class Punctuation:
    """What stands between cells, and before decimals.

    >>> str(Punctuation(";", ",")), Punctuation(";", ",").number("1.5")
    ('semicolons between cells, decimal commas', '1,5')
    """

    delimiter: str = ","
    decimal: str = "."

    def number(self, text: str) -> str:
        """A number that has a decimal point, as it is written here."""
        return text.replace(".", self.decimal)

    def __str__(self) -> str:
        between = CALLED.get(self.delimiter, repr(self.delimiter))
        return f"{between} between cells, {POINTS[self.decimal]}"


PLAIN = Punctuation()


def kept(delimiter: str, decimal: str, ending: str) -> Punctuation:
    """What is kept of how a file is written: not its tabs where its name says them, nor spaces, which hold no gaps.

    >>> kept("\\t", ",", ".tsv"), kept(";", ".", ".csv")
    (Punctuation(delimiter=',', decimal=','), Punctuation(delimiter=';', decimal='.'))
    """
    told = delimiter == " " or (delimiter, ending) == ("\t", ".tsv")
    return Punctuation("," if told else delimiter, decimal)


def of_plain(given: Any, where: str) -> Punctuation:
    """What JSON holds of it; commas and points where it holds nothing.

    Raises:
        UserError: if it is none.
    """
    if given is None:
        return PLAIN
    signs: list[Any] = [given.get(name) for name in ("delimiter", "decimal")] if isinstance(given, dict) else []
    if len(signs) != 2 or len(given) != 2 or signs[1] not in (".", ",") or not _separates(signs[0]):
        raise UserError(f'{where}: "punctuation" holds "delimiter", one plain character, and "decimal", "." or ","')
    return Punctuation(*signs)


def _separates(sign: Any) -> bool:
    return isinstance(sign, str) and len(sign) == 1 and sign.isascii() and sign not in '\r\n"'
