"""Rows of a table as a generator draws them, with a gradient through every choice."""

from collections.abc import Sequence

import torch
from torch import Tensor

from reparam.distributions.base import Distribution
from reparam.distributions.columnwise.distribution import Columns
from reparam.distributions.columnwise.group import through
from reparam.distributions.columnwise.layout import Layout

POINT = -30.0
"""The logarithm of a scale that is none."""


class StraightThroughColumns(Distribution):
    """Rows of which numbers are points and the rest is drawn: one can draw, and there is no density.

    Draws are rows that can be. The gradient takes the place of one that there is not: of whole numbers that of what is
    rounded, of categories that of a softmax with Gumbel noise at a temperature, of whether a cell is missing that of
    its sigmoid (straight-through; Bengio et al. 2013, Jang et al. 2017, Maddison et al. 2017).

    Args:
        layout: of the columns.
        output: laid out as a row: numbers and whole numbers, the logits of a category and the log-odds that a cell is
            missing, ``(*batch_shape, width)``.
        temperature: of the softmax and the sigmoid; the lower, the nearer to the choice and the noisier the gradient.
    """

    has_density = False

    def __init__(self, layout: Layout, output: Tensor, temperature: float) -> None:
        super().__init__(event_dims=1)
        self.layout, self.output, self.temperature = layout, output, temperature

    @property
    def shape(self) -> torch.Size:
        """That of the output."""
        return self.output.shape

    @property
    def mean(self) -> Tensor:
        """The row that stands for the whole: the most probable choices."""
        # whole numbers are points here, as of a logistic that has no width
        return Columns(self.layout, self.output, self.output.new_full((len(self.layout.scaled),), POINT)).mean

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of rows that can be: gradients reach all of the output."""
        at = self.layout.on(self.output)
        parts = [
            place.group.pass_through(self.output[..., place.entries], self.temperature, sample_shape)
            for place in at.places
        ]
        return at.row(parts, self._missing(self.output[..., at.missing], sample_shape))

    def _missing(self, logits: Tensor, sample_shape: Sequence[int]) -> Tensor:
        uniform = torch.rand((*sample_shape, *logits.shape), dtype=logits.dtype, device=logits.device)
        scores = logits + torch.logit(uniform, eps=1e-7)
        return through((scores > 0).to(scores.dtype), (scores / self.temperature).sigmoid())

    def log_prob(self, value: Tensor) -> Tensor:
        """Points among discrete values have no density.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("density")

    def entropy(self) -> Tensor:
        """Nor an entropy.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("entropy")
