"""Columns that grow piece by piece: numbers as arrays at once, words by their places among those seen."""

from collections import Counter

import numpy as np

from reparam.data.readers.text.digits import most_decimals
from reparam.data.readers.text.numbers import LEADING_ZERO, Format
from reparam.data.readers.text.parts import MakeParts, Parts
from reparam.data.readers.text.spellings import Spellings

STRANGE = 0.1
"""The share of a column's cells that are no numbers from which it is none of numbers."""
PATIENCE = 1000
"""Cells before a column is judged by that share."""


class Numbers:
    """A column of numbers, and how much stood in it that is none.

    Args:
        form: how its numbers are written.
        spellings: of missing cells.
        parts: what makes the places in which pieces gather.

    Attributes:
        decimals: the most digits behind the point.
        zeros: whether whole numbers with leading zeros were seen, as codes have.
        clean: whether every cell so far was a plain number.
        spelled: the spellings of missing cells, counted.
        strange: cells that are neither finite numbers nor missing; their values are left open.

    >>> ages = Numbers(Format(), Spellings())
    >>> ages.add(["31", "NA", "27"])
    >>> ages.finish()
    (array([31,  0, 27]), array([False,  True, False]))
    """

    def __init__(self, form: Format, spellings: Spellings, parts: MakeParts = Parts) -> None:
        self.form, self.decimals, self.zeros, self.strange, self.clean = form, 0, False, 0, True
        self.spelled: Counter[str] = Counter()
        self._spellings, self._whole, self._rows = spellings, True, 0
        self._values, self._missing = parts(), parts()

    @property
    def failed(self) -> bool:
        """Whether too much of it is no number."""
        return self._rows >= PATIENCE and self.strange > STRANGE * self._rows

    def add(self, cells: list[str]) -> None:
        """Take the next cells."""
        missing = np.zeros(len(cells), bool)
        values = self._numbers(cells)
        if values is None:
            self.clean = False
            missing = np.fromiter(map(self._spellings.common.__contains__, cells), bool, len(cells))
            filled = ["0" if gap else cell for cell, gap in zip(cells, missing, strict=True)]
            values = self._numbers(filled) if missing.any() else None
            values = self._carefully(filled, missing) if values is None else values
            self.spelled.update(cell.strip() for cell, gap in zip(cells, missing, strict=True) if gap)
        self._values.append(values)
        self._missing.append(missing)
        self._rows += len(cells)

    def take(self, values: np.ndarray, missing: np.ndarray, decimals: int, whole: bool, zeros: bool) -> None:
        """Take the next cells, which were read already: see :class:`reparam.data.readers.text.blocks.Numbers`."""
        self._whole = self._whole and whole
        self._values.append(values.astype(np.int64) if self._whole else values.copy())
        self._missing.append(missing.copy())
        self._rows += len(values)
        if empty := int(np.count_nonzero(missing)):
            self.spelled[""] += empty
        self.decimals, self.zeros = max(self.decimals, decimals), self.zeros or zeros

    def finish(self) -> tuple[np.ndarray, np.ndarray]:
        """Values, int64 where all were whole and float64 otherwise, and which are missing; can be called once."""
        values, missing = self._values.joined(np.int64), self._missing.joined(np.bool_)
        if values.dtype.kind == "f":
            values[missing] = np.nan
        return values, missing

    def _numbers(self, cells: list[str]) -> np.ndarray | None:
        """All of the cells as numbers, at once; None where that will not do."""
        text = "\n".join(cells)
        if " " in text or "\t" in text:
            cells = list(map(str.strip, cells))
            text = "\n".join(cells)
        # what Python takes for a number and people do not: 2024_01_15, and digits of other scripts
        if "_" in text or not text.isascii():
            return None
        if self.form == Format():
            return self._plain_numbers(cells, text)
        plain = self.form.plain_lines(text)
        if plain is None or plain.count("\n") != len(cells) - 1:
            return None
        return self._plain_numbers(plain.split("\n"), plain)

    def _plain_numbers(self, cells: list[str], text: str) -> np.ndarray | None:
        if self._whole and (whole := converted(cells, int)) is not None:
            self.zeros = self.zeros or LEADING_ZERO.search(text) is not None
            return whole
        values = converted(cells, float)
        if values is None or not np.isfinite(values).all():
            return None
        self._whole = False
        self.decimals = max(self.decimals, most_decimals(text))
        return values

    def _carefully(self, cells: list[str], missing: np.ndarray) -> np.ndarray:
        """Cells one by one; what is missing is written down in ``missing``."""
        plain = ["0"] * len(cells)
        for at, cell in enumerate(map(str.strip, cells)):
            found = self.form.plain(cell)
            if found is not None and np.isfinite(float(found)):
                plain[at] = found
            elif cell in self._spellings:
                missing[at] = True
            else:
                self.strange += 1
        values = self._plain_numbers(plain, "\n".join(plain))
        return np.zeros(len(cells)) if values is None else values


class Words:
    """A column of words, each different one kept once.

    Args:
        parts: what makes the place in which pieces gather.
    """

    def __init__(self, parts: MakeParts = Parts) -> None:
        self._places = _Places()
        self._codes = parts()

    def add(self, cells: list[str]) -> None:
        """Take the next cells."""
        self._codes.append(np.fromiter(map(self._places.__getitem__, cells), np.int32, len(cells)))

    def finish(self) -> tuple[list[str], np.ndarray]:
        """The different words, without spaces around them, and for each row the place of its own; called once."""
        stripped = _Places()
        places = np.array([stripped[word.strip()] for word in self._places], np.int32)
        codes = self._codes.joined(np.int32)
        return list(stripped), places[codes] if len(places) else codes


class _Places(dict[str, int]):
    """Words by the order in which they were first asked for."""

    def __missing__(self, word: str) -> int:
        self[word] = len(self)
        return self[word]


def converted(cells: list[str], kind: type[int] | type[float]) -> np.ndarray | None:
    """Texts as numbers, int64 or float64; None if Python does not take all of them for some."""
    try:
        return np.fromiter(map(kind, cells), np.int64 if kind is int else np.float64, len(cells))
    except (ValueError, OverflowError):
        return None
