"""How an image's numbers are drawn: which values are black and white, and which channels one sees."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GREY = 0.5
"""What lies behind a transparent image."""
LEVELS = 256


@dataclass(frozen=True)
class Picture:
    """From the numbers of images to what :mod:`reparam.plots` draws.

    Args:
        low: the number that is drawn black.
        high: the number that is drawn white.
        bands: the channels that are seen, counted from 0: one, or red, green and blue; all of them unless given.
        opacity: the channel that says how opaque a pixel is: the picture is laid over grey.

    >>> Picture(-1.0, 1.0)(np.array([[[[-1.0, 0.0, 1.0]]]])).tolist()
    [[[[0.0, 0.5, 1.0]]]]
    """

    low: float = 0.0
    high: float = 1.0
    bands: tuple[int, ...] = ()
    opacity: int | None = None

    def __call__(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Numbers ``(..., channels, height, width)`` as ``(..., 1 or 3, height, width)``, black at 0 and white at 1."""
        seen = (np.asarray(x, np.float64) - self.low) / ((self.high - self.low) or 1.0)
        drawn = seen[..., list(self.bands), :, :] if self.bands else seen
        if self.opacity is None:
            return drawn
        alpha = seen[..., self.opacity : self.opacity + 1, :, :].clip(0, 1)
        return alpha * drawn + (1 - alpha) * GREY

    @classmethod
    def of_plain(cls, plain: Mapping[str, Any] | None) -> "Picture | None":
        """What JSON holds of one, None where it holds nothing."""
        return None if plain is None else cls(**{**plain, "bands": tuple(plain["bands"])})

    def scaled(self, unit: float) -> "Picture":
        """The same of numbers that are ``unit`` times as large."""
        return Picture(self.low * unit, self.high * unit, self.bands, self.opacity)

    def caption(self, channels: int) -> str:
        """What a title adds where not all of so many channels are seen.

        >>> Picture(bands=(3, 2, 1)).caption(13), Picture().caption(3)
        (' (channels 4, 3, 2 of 13)', '')
        """
        if self.opacity is not None:
            return " (over grey)"
        if not self.bands or channels <= len(self.bands):
            return ""
        return f" (channel{'s' * (len(self.bands) > 1)} {', '.join(str(b + 1) for b in self.bands)} of {channels})"

    def words(self, channels: int) -> str:
        """What is seen of images of so many channels; empty where that is all.

        >>> Picture(bands=(0, 1, 2)).words(13)
        'of 13 channels, 1, 2 and 3 are drawn as red, green and blue (bands=(4, 3, 2), say, keeps others)'
        """
        if self.opacity is not None:
            return f"channel {self.opacity + 1} is taken for opacity: pictures are drawn over grey"
        if not self.bands or channels <= len(self.bands):
            return ""
        if len(self.bands) == 1:
            return f"of {channels} channels, {self.bands[0] + 1} is drawn"
        first, second, third = (band + 1 for band in self.bands)
        return (
            f"of {channels} channels, {first}, {second} and {third} are drawn as red, green and blue "
            "(bands=(4, 3, 2), say, keeps others)"
        )


AS_IT_IS = Picture()
"""Of numbers in [0, 1], all channels of which are seen."""


def picture_of(data_shape: Sequence[int], values: tuple[float, float], opaque: bool = True) -> Picture:
    """How images of this shape ``(channels, height, width)`` are drawn, where nothing else is known of them.

    Args:
        data_shape: of one example.
        values: smallest and largest.
        opaque: a fourth channel is one like the others, and no opacity.
    """
    low, high = black_and_white(*values)
    channels = data_shape[0] if len(data_shape) == 3 else 1
    if channels == 4 and not opaque:
        return Picture(low, high, (0, 1, 2), 3)
    bands = () if channels in (1, 3) else (0,) if channels == 2 else (0, 1, 2)
    return Picture(low, high, bands)


def black_and_white(low: float, high: float) -> tuple[float, float]:
    """The numbers that are black and white in images whose numbers lie between these.

    The usual ranges are recognized where the numbers fill more than half of them; others are drawn from the smallest
    to the largest.

    >>> [black_and_white(*ends) for ends in ((0.0, 0.9), (-1.0, 0.99), (0.0, 253.0), (-2.1, 2.6))]
    [(0.0, 1.0), (-1.0, 1.0), (0.0, 255.0), (-2.1, 2.6)]
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return 0.0, 1.0
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    if low >= -1 and high <= 1:
        return -1.0, 1.0
    if low >= 0 and LEVELS / 2 <= high < LEVELS:
        return 0.0, LEVELS - 1.0
    return float(low), float(high)


def whole_range(high: float) -> int:
    """The largest value of as many bits as whole numbers up to ``high`` need, 8 at least.

    >>> whole_range(200), whole_range(4080), whole_range(65535)
    (255, 4095, 65535)
    """
    return (1 << max(8, int(high).bit_length())) - 1
