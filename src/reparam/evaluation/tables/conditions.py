"""What is known of the rows that one wants, column by column: in the user's words, and in a model's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam.data.columns.kind import SeenKind
from reparam.data.columns.table import TableSchema
from reparam.data.readers.cells import Column
from reparam.data.readers.text.numbers import Format
from reparam.distributions.columns import Category, Integer, places
from reparam.distributions.columnwise.within import Interval, OneOf, Region
from reparam.errors import UserError
from reparam.nearest import meant

RANGE, OR = "..", "|"


@dataclass(frozen=True)
class Conditions:
    """What is known of rows.

    Args:
        regions: by the place of the column among those that a model sees.
        label: the class, where one is asked for.
        words: what was asked, as the user would write it.
    """

    regions: dict[int, Region]
    label: str | None = None
    words: str = ""

    def hold(self, x: Tensor, schema: TableSchema) -> Tensor:
        """Which rows ``(n, width)`` are as is asked, ``(n,)``."""
        fits = torch.ones(len(x), dtype=torch.bool, device=x.device)
        for at, region in self.regions.items():
            family, place = schema.families[at], places(schema.families)[at]
            if family.missing:
                fits &= x[:, place.stop - 1] < 0.5
            entries = x[:, place.start : place.start + family.width]
            if isinstance(region, OneOf):
                fits &= torch.tensor(region.levels, device=x.device)[entries.argmax(1)]
                continue
            slack = 0.25 / family.scale if isinstance(family, Integer) else 0.0
            fits &= (entries[:, 0] >= region.low - slack) & (entries[:, 0] <= region.high + slack)
        return fits


def conditions(given: Mapping[str, Any], schema: TableSchema) -> Conditions:
    """What is asked of columns, as a model sees it.

    Args:
        given: by the column's name: a value; several, of which one is meant (a list, or ``"A|B"``); or a range, both
            ends included and either one open (a pair, or ``"30..40"``).
        schema: of the table, whose decimal sign may stand in texts as well as the point.

    Raises:
        UserError: if a column is not there or not seen, or a value is none of its.
    """
    regions, label = {}, None
    names = [kind.name for kind in schema.seen]
    for name, asked in given.items():
        if schema.label is not None and name == schema.label.name:
            label = _label(schema.label.classes, asked, name)
        elif name in names:
            at = names.index(name)
            regions[at] = _region(schema.seen[at], asked, schema.punctuation.decimal)
        else:
            _refuse(name, schema)
    return Conditions(regions, label, ", ".join(f"{name}={_word(asked)}" for name, asked in given.items()))


def _refuse(name: str, schema: TableSchema) -> None:
    kind = next((kind for kind in schema.columns if kind.name == name), None)
    if kind is not None:
        raise UserError(f"column {name!r} is left out ({kind.word}: {kind.why}), and nothing can be asked of it")
    names = [kind.name for kind in schema.seen]
    raise UserError(f"there is no column {name!r}{meant(name, names)}: the columns are {', '.join(map(repr, names))}")


def _label(classes: Sequence[str], asked: Any, name: str) -> str:
    if str(asked) not in classes:
        raise UserError(f"the labels {name!r} have no class {asked!r}: the classes are {', '.join(classes)}")
    return str(asked)


def _region(kind: SeenKind, asked: Any, decimal: str) -> Region:
    """Where a column has to lie."""
    if isinstance(asked, str) and RANGE in asked:
        low, _, high = (_pointed(kind, end, decimal) for end in asked.partition(RANGE))
        return _between(kind, low or None, high or None, asked)
    if isinstance(asked, tuple):
        if len(asked) != 2:
            raise UserError(f"{kind.name}={asked!r} is no range: give a pair (low, high), or a list of values")
        return _between(kind, *asked, asked)
    several: list[Any] = asked.split(OR) if isinstance(asked, str) else asked if isinstance(asked, list) else [asked]
    entries = np.concatenate([_entries(kind, _pointed(kind, value, decimal), asked) for value in several])
    if isinstance(kind.family, Category):
        return OneOf(tuple(bool(level > 0.5) for level in entries.max(0)))
    if len(entries) > 1:
        raise UserError(f"{kind.name}={_word(asked)} names {len(entries)} values of a column of numbers: give one, or "
                        f"a range {kind.name}=LOW..HIGH")  # fmt: skip
    return Interval(float(entries[0, 0]), float(entries[0, 0]))


def _pointed(kind: SeenKind, value: Any, decimal: str) -> Any:
    """A text without spaces around it, and with a decimal point where it is a number with the data's own sign."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    return text if text in getattr(kind, "levels", ()) else Format(decimal).plain(text) or text


def _between(kind: SeenKind, low: Any, high: Any, asked: Any) -> Region:
    if isinstance(kind.family, Category):
        return _levels_between(kind, low, high, asked)
    ends = [None if end is None else _within(kind, end, side, asked) for end, side in ((low, -1), (high, 1))]
    below, above = -np.inf if ends[0] is None else ends[0], np.inf if ends[1] is None else ends[1]
    if below > above:
        raise UserError(f"{kind.name}={_word(asked)} holds nothing: give the lower end first")
    return Interval(float(below), float(above))


def _levels_between(kind: SeenKind, low: Any, high: Any, asked: Any) -> OneOf:
    """Of a column of few numbers those in a range."""
    levels = getattr(kind, "levels", ())
    try:
        numbers = np.array([float(level) for level in levels])
    except ValueError:
        raise UserError(f"column {kind.name!r} is one of words, which have no range: name those that will do, "
                        f"{kind.name}=A|B") from None  # fmt: skip
    least, most = (
        _number(kind, end, asked) for end in (-np.inf if low is None else low, np.inf if high is None else high)
    )
    inside = (numbers >= least) & (numbers <= most)
    if not inside.any():
        raise UserError(f"{kind.name}={_word(asked)} holds none of its values ({kind.about})")
    return OneOf(tuple(inside.tolist()))


def _within(kind: SeenKind, end: Any, side: int, asked: Any) -> float:
    """An end of a range in units of the row; one beyond the column's own is no bound."""
    column = _cell(kind.name, end)
    read = kind.read(column)
    if not read.known[0] and isinstance(kind.family, Integer):
        return side * np.inf if _number(kind, end, asked) * side >= 0 else -side * np.inf
    return float(_entries(kind, end, asked)[0, 0])


def _number(kind: SeenKind, value: Any, asked: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise _no_value(kind, value, asked) from None


def _entries(kind: SeenKind, value: Any, asked: Any) -> np.ndarray:
    """A value as the column's entries ``(1, width)``."""
    read = kind.read(_cell(kind.name, value))
    if not read.known[0]:
        raise _no_value(kind, value, asked)
    return kind.entries(read.values)


def _no_value(kind: SeenKind, value: Any, asked: Any) -> UserError:
    """That a part of what was asked is no value of its column, with the whole of it."""
    part = "" if _word(asked) == str(value) else f": {value!s}"
    return UserError(f"{kind.name}={_word(asked)}{part} is no value of the column ({kind.word}, {kind.about})")


def _cell(name: str, value: Any) -> Column:
    """A value as a column of one cell."""
    text = value.strip() if isinstance(value, str) else value
    values = np.array([text], dtype=object) if isinstance(text, str) else np.array([text])
    return Column(name, values, np.zeros(1, dtype=bool))


def _word(asked: Any) -> str:
    if isinstance(asked, tuple):
        return RANGE.join("" if end is None else str(end) for end in asked)
    return OR.join(map(str, asked)) if isinstance(asked, list) else str(asked)
