"""Numbers as people write them: decimal points and commas, thousands, signs of currency."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
LEADING_ZERO = re.compile(r"(?:^|\n) *[+-]?0\d")
SIGNS = re.compile(
    r"(?P<before>[$€£¥₹]|USD|EUR|GBP|CHF)?\s*(?P<number>[^$€£¥₹%]*?\d[\d.,]*)\s*(?P<behind>[%$€£¥₹]|USD|EUR|GBP|CHF)?"
)
ODD = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\u2019": "'"})
"""Minus signs, spaces and apostrophes that typesetters use."""


@dataclass(frozen=True)
class Format:
    """How numbers are written.

    Args:
        decimal: what stands before the decimals.
        thousands: what groups the digits in threes; nothing where it is empty.
    """

    decimal: str = "."
    thousands: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        point, group = re.escape(self.decimal), re.escape(self.thousands)
        whole = rf"(?:[1-9]\d{{0,2}}(?:{group}\d{{3}})+|\d+)" if group else r"\d+"
        return re.compile(rf"[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)?", re.ASCII)

    @cached_property
    def _torn(self) -> re.Pattern[str]:
        """A group of digits that is not three, where groups are taken away unseen."""
        group, point = re.escape(self.thousands), re.escape(self.decimal)
        return re.compile(
            rf"{group}(?!\d{{3}}(?!\d))|\d{{4}}{group}|{point}\d*{group}|(?:^|[^\d]){group}|(?:^|[^\d])0\d*{group}"
        )

    def plain(self, text: str) -> str | None:
        """A number with a decimal point and no groups, or None if it is no number written so.

        >>> Format(",", ".").plain("1.234,5"), Format(",", ".").plain("1.23,5"), Format().plain("2024_01_15")
        ('1234.5', None, None)
        """
        if not text.isascii():
            text = text.translate(ODD)
        if not self._pattern.fullmatch(text):
            return None
        return self._bare(text)

    def plain_lines(self, text: str) -> str | None:
        """Many numbers, a line each, as :meth:`plain` has them; None if that cannot be said of all of them at once."""
        if self == Format():
            return text
        if self.thousands and self._torn.search(text):
            return None
        if self.decimal != "." and self.thousands != "." and "." in text:
            return None
        return self._bare(text)

    def _bare(self, text: str) -> str:
        if self.thousands:
            text = text.replace(self.thousands, "")
        return text if self.decimal == "." else text.replace(self.decimal, ".")

    def __str__(self) -> str:
        point = "decimal commas" if self.decimal == "," else "decimal points"
        group = {"": "", ",": "commas", ".": "points", " ": "spaces", "'": "apostrophes"}[self.thousands]
        return f"{point}, {group} between thousands" if group else point


ORDER = (Format(), Format(","), *(Format(point, group) for group in ",. '" for point in ".," if point != group))
"""The ways that are tried; where several fit, the first is taken."""


def format_of(texts: Collection[str], decimal: str | None = None, likely: str | None = None) -> Format | None:
    """The way in which all of these are numbers, or None.

    Args:
        texts: different cells of a column.
        decimal: the one decimal sign to be taken, if one was given.
        likely: the decimal sign that the rest of the file has, where these leave it open.

    >>> format_of(["1,234.50", "12.00"]), format_of(["1,5", "2,25"]), format_of(["1,234", "5,678"], likely=".")
    (Format(decimal='.', thousands=','), Format(decimal=',', thousands=''), Format(decimal='.', thousands=','))
    >>> format_of(["1_000"])
    """
    if not texts:
        return None
    return next(_fitting(sorted(_ways(decimal), key=lambda way: way.decimal != likely), texts), None)


def formats_of(texts: Collection[str], decimal: str | None = None) -> list[Format]:
    """Every way in which all of these are numbers."""
    return list(_fitting(_ways(decimal), texts))


def _ways(decimal: str | None) -> list[Format]:
    return [way for way in ORDER if decimal in (None, way.decimal)]


def _fitting(ways: Iterable[Format], texts: Collection[str]) -> Iterator[Format]:
    return (way for way in ways if all(way.plain(text) is not None for text in texts))


def decimal_of(columns: Iterable[Iterable[str]]) -> str | None:
    """The decimal sign that columns of numbers show beyond doubt, the comma where any does; None if they show none.

    >>> decimal_of([["1,5", "2"], ["1.234", "5.678"]]), decimal_of([["1", "2"], ["1,234"]])
    (',', None)
    """
    shown = set()
    for cells in columns:
        texts = [cell for cell in cells if not cell.isdecimal()]
        signs = {way.decimal for way in formats_of(texts)} if texts else set()
        shown |= signs if len(signs) == 1 else set()
    return "," if "," in shown else "." if shown else None


def sign_of(texts: list[str]) -> tuple[str, list[str]] | None:
    """The one sign of currency or per cent that all of these carry, and the numbers without it.

    >>> sign_of(["12 %", "7.5%"]), sign_of(["$1", "€2"])
    (('%', ['12', '7.5']), None)
    """
    found = [SIGNS.fullmatch(text) for text in texts]
    signs = {(match["before"], match["behind"]) if match else (None, None) for match in found}
    if len(signs) != 1 or (None, None) in signs:
        return None
    before, behind = signs.pop()
    return (before or "") + (behind or ""), [match["number"] for match in found if match]
