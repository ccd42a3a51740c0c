"""The likelihood of a table's rows: what a decoder's output means, column by column."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reparam.distributions.columns import Family, Integer, Number
from reparam.distributions.columnwise import Columns, Layout
from reparam.models.vae.likelihoods import Likelihood
from reparam.recording import recorded

LEAST_SCALE = 1e-3
"""Of a number whose rounding is not known: a thousandth of its spread."""
NARROW = 10.0
"""Of whole numbers: so many of the smallest scales make half a bin, which then has all of the mass but 1 in 10,000."""
NEAR = 1.5
"""A scale is at its floor if it is not so many times as large: the density is within 0.4 nats of the highest."""


@recorded
class ColumnsLikelihood(Likelihood):
    """Independent columns of a table, each of a family of its own; the decoder's output is laid out as a row is.

    It gives the mean of a number, that of the logistic that whole numbers are bins of, the logits of a category, and
    the log-odds that a cell is missing. The scales of numbers and whole numbers do not depend on z: one a column,
    learned, with a floor: a column that others tell exactly would raise a density without end. The floor is where
    values are rounded, step/√12, or else a thousandth of the column's spread.

    Args:
        families: of the columns, in their order.

    Raises:
        UserError: if there are none, or one is no family.

    >>> from reparam.distributions.columns import Category
    >>> likelihood = ColumnsLikelihood([Number(), Category(missing=True, levels=3)])
    >>> likelihood.output_shape, likelihood(torch.zeros(2, 5)).log_prob_columns(torch.zeros(5)).shape
    ((5,), torch.Size([2, 2]))
    """

    support = "columns"
    floor: Tensor

    def __init__(self, families: Sequence[Family]) -> None:
        self.layout = Layout(families)
        super().__init__((self.layout.width,))
        scaled = [self.layout.families[i] for i in self.layout.scaled]
        floors = torch.tensor([_floor(family) for family in scaled], dtype=torch.float64)
        starts = torch.tensor([1.0 if isinstance(family, Number) else 3**0.5 / math.pi for family in scaled])
        above = torch.maximum(starts.double() / floors, torch.tensor(2.0)).log()
        self.register_buffer("floor", floors.log().to(torch.get_default_dtype()), persistent=False)
        excess = (above + torch.log(-torch.expm1(-above))).to(torch.get_default_dtype())
        if scaled:
            self.excess = nn.Parameter(excess)
        else:
            self.register_buffer("excess", excess, persistent=False)

    @property
    def log_scale(self) -> Tensor:
        """Logarithms of the scales of numbers and whole numbers, in units of a row: floor + softplus(excess)."""
        return self.floor + F.softplus(self.excess)

    def forward(self, output: Tensor) -> Columns:
        """The distribution over rows."""
        return Columns(self.layout, output, self.log_scale)

    @torch.no_grad()
    def at_floor(self) -> tuple[int, ...]:
        """The columns of numbers whose scale is as small as it may be: their density has no top of its own.

        >>> likelihood = ColumnsLikelihood([Number(), Number()])
        >>> _ = likelihood.excess.data[1].fill_(-9.0)
        >>> likelihood.at_floor()
        (1,)
        """
        near = (F.softplus(self.excess) < math.log(NEAR)).tolist()
        found = zip(self.layout.scaled, near, strict=True)
        return tuple(i for i, is_near in found if is_near and isinstance(self.layout.families[i], Number))


def _floor(family: Family) -> float:
    """The smallest scale, in units of a row."""
    if isinstance(family, Integer):
        # that of a long column must not come below what a float32 tells apart
        return max(0.5 / family.scale / NARROW, 2.0**-20)
    assert isinstance(family, Number)
    return max(LEAST_SCALE, family.step / 12**0.5)
