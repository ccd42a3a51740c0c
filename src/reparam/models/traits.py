"""What a model has to know of its data to be built."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from reparam.distributions.columns import Family
from reparam.errors import UserError


@dataclass(frozen=True)
class Traits:
    """Units, range and classes of data.

    Args:
        mean: of the values, broadcasting with an example; networks work in units of about 1 whatever the data's.
        deviation: their standard deviation, likewise.
        range: smallest and largest value a generator may make; not finite: no bound.
        classes: number of classes, 0 without labels.
        data_shape: of one example.
        binary: every value is 0 or 1, or is to be made so.
        grey: images of one channel whose values in [0, 1] may be taken for probabilities.
        examples: how many there are to train on; 0: not known.
        columns: of a table, how each column lies in an example; empty where data are no table.
    """

    mean: Tensor = field(default_factory=lambda: torch.tensor(0.0))
    deviation: Tensor = field(default_factory=lambda: torch.tensor(1.0))
    range: tuple[float, float] = (-math.inf, math.inf)
    classes: int = 0
    data_shape: tuple[int, ...] = ()
    binary: bool = False
    grey: bool = False
    examples: int = 0
    columns: tuple[Family, ...] = ()

    @property
    def is_image(self) -> bool:
        """Whether examples are ``(channels, height, width)``."""
        return len(self.data_shape) == 3

    @property
    def wide(self) -> float | None:
        """From black to white, of images whose numbers lie beyond [-1, 1]; None where networks see them as they are.

        >>> [Traits(range=ends, data_shape=(1, 8, 8)).wide for ends in ((0.0, 255.0), (-1.0, 1.0))]
        [255.0, None]
        """
        low, high = self.range
        within = not self.is_image or not math.isfinite(high - low) or (low >= -1 and high <= 1)
        return None if within else high - low

    @classmethod
    def placeholder(cls, data_shape: Sequence[int], bounded: bool, classes: int) -> "Traits":
        """Traits of the right shapes, for a model whose checkpoint brings the numbers."""
        each = torch.ones(() if len(data_shape) == 3 else tuple(data_shape))
        bounds = (0.0, 1.0) if bounded else (-math.inf, math.inf)
        return cls(each, each, bounds, classes, tuple(data_shape))

    def require_classes(self) -> int:
        """The number of classes.

        Raises:
            UserError: if there are none.
        """
        if not self.classes:
            raise UserError("conditional=True needs labels, and these data have none: leave it out, or bring some")
        return self.classes
