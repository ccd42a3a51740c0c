"""Rows of a table of which some columns are known to lie somewhere: how probable that is, and draws of such rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.columns import Category, Integer, Number, places
from reparam.distributions.columnwise.categories import gumbel, one_hot
from reparam.distributions.columnwise.distribution import Columns
from reparam.distributions.columnwise.intervals import log_mass, logistic_within, normal_within
from reparam.distributions.normal import LOG_2PI


@dataclass(frozen=True)
class Interval:
    """Where a number or a whole number lies, in units of the row, both ends included; one point where they are one."""

    low: float
    high: float


@dataclass(frozen=True)
class OneOf:
    """Which levels a category may have: one truth value for each."""

    levels: tuple[bool, ...]


Region = Interval | OneOf
EVERYWHERE = Interval(-torch.inf, torch.inf)


def log_prob_within(p: Columns, regions: Mapping[int, Region]) -> Tensor:
    """Log-probability that columns are not missing and lie where they are said to, ``(*batch_shape,)``.

    Of a number that is said to be a point, the log-density there, in units of the row.

    Args:
        p: of rows.
        regions: by the column's place.

    >>> p = Columns([Number(), Category(levels=2)], torch.zeros(3), torch.zeros(1))
    >>> log_prob_within(p, {0: Interval(0.0, torch.inf), 1: OneOf((True, False))}).exp()
    tensor(0.2500)
    """
    total = p.output.new_zeros(p.batch_shape)
    for column, region in regions.items():
        told = _Column.of(p, column)
        total = total + told.log_mass(region)
        if told.missing is not None:
            total = total + F.logsigmoid(-told.missing)
    return total


@torch.no_grad()
def sample_within(p: Columns, regions: Mapping[int, Region], sample_shape: Sequence[int] = ()) -> Tensor:
    """Draws of rows given that columns are there and lie where they are said to, ``(*sample_shape, *batch, width)``."""
    rows = p.sample(sample_shape)
    for column, region in regions.items():
        told = _Column.of(p, column)
        rows[..., told.entries] = told.draw(region, sample_shape)
        if told.missing is not None:
            rows[..., told.entries.stop] = 0
    return rows


def cumulative(p: Columns, column: int, value: Tensor) -> tuple[Tensor, Tensor]:
    """P(X < x) and P(X ≤ x) of one column, given that its cell is there, ``(*batch_shape,)`` float64 each.

    Words are in the order of their levels; a number that is rounded takes all that is rounded to it.

    Args:
        p: of rows.
        column: the column's place.
        value: its entries, ``(*batch, width)`` of a shape that broadcasts with that of p, in units of the row.

    >>> p = Columns([Number(), Category(levels=2)], torch.zeros(3), torch.zeros(1))
    >>> [round(part.item(), 2) for part in cumulative(p, 0, torch.zeros(1))]
    [0.5, 0.5]
    >>> [part.item() for part in cumulative(p, 1, torch.tensor([0.0, 1.0]))]
    [0.5, 1.0]
    """
    told = _Column.of(p, column)
    if isinstance(told.family, Category):
        chances = told.output.double().softmax(-1)
        chances, told_by = torch.broadcast_tensors(chances, value)  # type: ignore[no-untyped-call]
        at = told_by.argmax(-1, keepdim=True)
        up_to = chances.cumsum(-1).gather(-1, at).squeeze(-1)
        return (up_to - chances.gather(-1, at).squeeze(-1)).clamp(min=0), up_to.clamp(max=1)
    u = value[..., 0].double()
    if isinstance(told.family, Number):
        half = told.family.step / 2
        center, inverse = told.output[..., 0].double(), (-told.log_scale.double()).exp()
        below, above = (torch.special.ndtr((end - center) * inverse) for end in (u - half, u + half))
        return below, above
    return told.whole_up_to(u)


@dataclass(frozen=True)
class _Column:
    """What a distribution of rows says of one column.

    Args:
        family: the column's.
        entries: of its value.
        output: the parameters ``(*batch, width)``.
        log_scale: ``(*batch,)``, of no meaning for a category.
        missing: log-odds that the cell is missing ``(*batch,)``; None where none may be.
    """

    family: Number | Integer | Category
    entries: slice
    output: Tensor
    log_scale: Tensor
    missing: Tensor | None

    @classmethod
    def of(cls, p: Columns, column: int) -> "_Column":
        family = p.layout.families[column]
        assert isinstance(family, Number | Integer | Category)
        start = places(p.layout.families)[column].start
        entries = slice(start, start + family.width)
        scale = p.layout.scaled.index(column) if column in p.layout.scaled else None
        log_scale = p.output[..., start] if scale is None else p.log_scale[..., scale]
        missing = p.output[..., entries.stop] if family.missing else None
        return cls(family, entries, p.output[..., entries], log_scale, missing)

    def log_mass(self, region: Region) -> Tensor:
        if isinstance(region, OneOf):
            allowed = torch.tensor(region.levels, device=self.output.device)
            return F.log_softmax(self.output, -1).masked_fill(~allowed, -torch.inf).logsumexp(-1)
        if isinstance(self.family, Number) and region.low == region.high:
            standardized = (region.low - self.output[..., 0]) * (-self.log_scale).exp()
            return -0.5 * (standardized.square() + LOG_2PI) - self.log_scale
        below, above = self._ends(region)
        if isinstance(self.family, Number):
            return log_mass(torch.special.log_ndtr, below, above).float()
        whole = self._ends(EVERYWHERE)
        return (log_mass(F.logsigmoid, below, above) - log_mass(F.logsigmoid, *whole)).float()

    def _ends(self, region: Interval) -> tuple[Tensor, Tensor]:
        """An interval's ends in units of the column's own scale; those of whole numbers may own what lies beyond."""
        low, high = region.low, region.high
        if isinstance(self.family, Integer):
            half = 0.5 / self.family.scale
            first, last = (
                (end - self.family.offset) / self.family.scale for end in (self.family.low, self.family.high)
            )
            lowest = -torch.inf if self.family.owns_below else first - half
            highest = torch.inf if self.family.owns_above else last + half
            low = lowest if low <= first + half else low - half
            high = highest if high >= last - half else high + half
        center, inverse = self.output[..., 0].double(), (-self.log_scale.double()).exp()
        return (low - center) * inverse, (high - center) * inverse

    def whole_up_to(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """P(X < u) and P(X ≤ u) of whole numbers."""
        family, half = self.family, 0.5 / self.family.scale  # type: ignore[union-attr]
        assert isinstance(family, Integer)
        first, last = ((end - family.offset) / family.scale for end in (family.low, family.high))
        low = torch.where(u <= first + half, -torch.inf if family.owns_below else first - half, u - half)
        high = torch.where(u >= last - half, torch.inf if family.owns_above else last + half, u + half)
        center, inverse = self.output[..., 0].double(), (-self.log_scale.double()).exp()
        below, above = (torch.sigmoid((end - center) * inverse) for end in (low, high))
        least, most = (torch.sigmoid(end) for end in self._ends(EVERYWHERE))
        whole = most - least
        return (below - least) / whole, (above - least) / whole

    def draw(self, region: Region, shape: Sequence[int]) -> Tensor:
        if isinstance(region, OneOf):
            allowed = torch.tensor(region.levels, device=self.output.device)
            return one_hot((self.output + gumbel(self.output, shape)).masked_fill(~allowed, -torch.inf))
        below, above = self._ends(region)
        uniform = torch.rand((*shape, *below.shape), dtype=below.dtype, device=below.device)
        drawn = (normal_within if isinstance(self.family, Number) else logistic_within)(uniform, below, above)
        u = self.output[..., 0].double() + self.log_scale.double().exp() * drawn
        return self._placed(u, region).to(self.output.dtype).unsqueeze(-1)

    def _placed(self, u: Tensor, region: Interval) -> Tensor:
        """What was drawn, on the lattice of whole numbers, and between the ends, which rounding may have left."""
        if isinstance(self.family, Integer):
            k = (u * self.family.scale + self.family.offset).round().clamp(self.family.low, self.family.high)
            u = (k - self.family.offset) / self.family.scale
        return u.clamp(region.low, region.high)
