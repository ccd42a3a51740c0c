"""Values of different depths made one: which number is white, and what raw values are kept as."""

from dataclasses import dataclass

import numpy as np
import torch

from reparam.data.picture import Picture, black_and_white, whole_range
from reparam.data.readers.modes import Values
from reparam.errors import UserError

WHITE = 255
#: Whole numbers from here on are not all kept apart in float32.
EXACT = 2**24


@dataclass(frozen=True)
class Kinds:
    """How many pictures there are of each kind, and the values of those that decide.

    Args:
        eight: of 8 bits.
        deep: of more.
        fractions: of the deep ones, those of floating-point numbers.
        low: smallest value of the deep ones, or of all where none is.
        high: largest value.
    """

    eight: int
    deep: int
    fractions: int
    low: float
    high: float


@dataclass(frozen=True)
class Depth:
    """What raw values mean, and how those of each kind of file become them.

    Args:
        low: the raw value that is drawn black.
        high: the raw value that is drawn white.
        scale: what raw values are divided by before a model sees them.
        eight: raw values of 8-bit files are ``eight[0] * value + eight[1]``.
        deep: what values of deeper files are multiplied with, and then rounded to 8 bits; 0: they are as they are.
        padding: the raw value where an image does not reach.
        notes: what was decided.
    """

    low: float = 0.0
    high: float = float(WHITE)
    scale: float = float(WHITE)
    eight: tuple[float, float] = (1.0, 0.0)
    deep: float = 0.0
    padding: float = 0.0
    notes: tuple[str, ...] = ()
    dtype: torch.dtype = torch.float32

    @property
    def picture(self) -> Picture:
        """What of a model's values is drawn black and white."""
        return Picture(self.low / self.scale, self.high / self.scale)

    def raw(self, values: Values) -> Values:
        """Values of one picture as they were decoded, uint8 or float32, as raw values."""
        if values.dtype == np.uint8:
            by, offset = self.eight
            return values if (by, offset) == (1, 0) else (by * values.astype(np.float64) + offset).astype(np.float32)
        if self.deep:
            values = np.rint(values * np.float64(self.deep))
        filled = np.where(np.isnan(values), self.padding, values)
        return filled.astype(np.uint8 if self.dtype == torch.uint8 else np.float32)


def checked_range(asked: tuple[float, float]) -> tuple[float, float]:
    """The values that are black and white, as they were given.

    Raises:
        UserError: if white is not above black.
    """
    low, high = asked
    if not low < high:
        raise UserError(f"value_range={asked} will not do: give the value that is black and a larger one that is white")
    return low, high


def depth_of(kinds: Kinds, asked: tuple[float, float] | None, background: int = WHITE) -> Depth:
    """What the raw values of images mean.

    Images of 8 bits stay as they are. The white of deeper ones is found: the largest value of as many bits as theirs
    have. Where there are files of both kinds, the fewer are brought to the range of the others.

    Args:
        kinds: what there is.
        asked: the values that are black and white, where they were given.
        background: the grey behind images, 0 to 255.

    Raises:
        UserError: if the range that was asked for is none.

    >>> depth_of(Kinds(0, 120, 0, 0, 4080), None).scale
    4095.0
    """
    if asked is not None:
        return _asked(kinds, checked_range(asked), background)
    if not kinds.deep:
        return Depth(padding=background, dtype=torch.uint8)
    if kinds.fractions or kinds.low < 0:
        low, high = black_and_white(kinds.low, kinds.high)
        told = f"values from {kinds.low:.6g} to {kinds.high:.6g}: {low:.6g} is black and {high:.6g} white"
        return _open(kinds, low, high, 1.0, background, told if (low, high) != (0, 1) else "")
    top = whole_range(kinds.high)
    if top == WHITE or kinds.eight > kinds.deep:
        return _narrowed(kinds, top, background)
    told = f"values up to {kinds.high:,.0f} in images of 16 bits or more: {top:,} ({top.bit_length()} bits) is white"
    return _open(kinds, 0.0, float(top), float(top), background, told)


def _open(kinds: Kinds, low: float, high: float, scale: float, background: int, told: str) -> Depth:
    """Raw values as deeper files have them, those of 8 bits between black and white."""
    eight = ((high - low) / WHITE, low)
    notes = [f"{told} (value_range=(0, {max(2 * high, 1):.6g}), say: others)"] if told else []
    if kinds.eight:
        notes.append(f"{kinds.eight:,} images of 8 bits among {kinds.deep:,} deeper ones: their values scaled to those")
    if max(abs(kinds.low), abs(kinds.high)) > EXACT:
        notes.append(f"values beyond {EXACT:,} are rounded to 24 bits")
    padding = eight[0] * background + low
    return Depth(low, high, scale, eight, 0.0, padding, tuple(notes))


def _narrowed(kinds: Kinds, top: int, background: int) -> Depth:
    """Raw values of 8 bits, those of deeper files scaled to them."""
    told = f"{kinds.deep:,} images of 16 bits or more with values up to {kinds.high:,.0f}"
    if top > WHITE:
        told += f" among {kinds.eight:,} of 8 bits: brought to 8 bits, {top:,} being white"
    else:
        told += ": read as 8 bits"
    note = f"{told} (value_range=(0, {top}), say, keeps their values)"
    return Depth(deep=WHITE / top, padding=background, notes=(note,), dtype=torch.uint8)


def _asked(kinds: Kinds, asked: tuple[float, float], background: int) -> Depth:
    low, high = asked
    if not kinds.deep and low == 0 and high == WHITE:
        return Depth(padding=background, dtype=torch.uint8)
    within = not kinds.deep and high <= WHITE
    eight = (1.0, 0.0) if within else ((high - low) / WHITE, low)
    notes = [f"{low:.6g} is black and {high:.6g} white, as was asked for"]
    if (kinds.low < low or kinds.high > high) and (within or kinds.deep):
        notes.append(f"values go from {kinds.low:.6g} to {kinds.high:.6g}: beyond black and white they are kept, and "
                     f"drawn as these")  # fmt: skip
    padding = background / WHITE * (high - low) + low
    return Depth(low, high, 1.0 if low else high, eight, 0.0, padding, tuple(notes))
