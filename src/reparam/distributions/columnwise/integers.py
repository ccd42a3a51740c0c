"""The columns of whole numbers of a table: a logistic each, integrated over bins of length 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam.distributions.columns import Integer
from reparam.distributions.columnwise.group import Group, Judged, through
from reparam.distributions.columnwise.intervals import logistic_within
from reparam.distributions.discretized_logistic import log_mass_between
from reparam.errors import UserError
from reparam.hardware import widest

MOST_SUMMED = 2**12
"""So many values of a column are summed over for its entropy."""
EPSILON = 2.0**-24


@dataclass(frozen=True)
class Integers(Group):
    """Columns of whole numbers, n of them: the j-th value of one has u = base + j · step.

    What the logistic has beyond an end of the support is owned by that end, or cut off and the rest brought to one.

    Args:
        step: from one value to the next, in units of u, ``(n,)``.
        base: u of the lowest, ``(n,)``.
        last: j of the highest, ``(n,)``.
        tolerance: how far rounding u to float32 may move j, ``(n,)``.
        owns_below, owns_above: whether the lowest, and the highest, own what lies beyond them, ``(n,)``.
        cut: whether some end of some column does not.
        most: the most values that one of them has.
    """

    step: Tensor
    base: Tensor
    last: Tensor
    tolerance: Tensor
    owns_below: Tensor
    owns_above: Tensor
    cut: bool
    most: int

    def judge(self, entries: Tensor, output: Tensor, log_scale: Tensor) -> Judged:
        """The log-mass of the bins."""
        u = entries.squeeze(-1)
        raw = (u - self.base) / self.step
        j = raw.round()
        fits = ((raw - j).abs() <= self.tolerance) & (j >= 0) & (j <= self.last)
        j = torch.where(fits, j, 0.0)
        return Judged(self.log_mass(j, output.squeeze(-1), log_scale), fits, u == 0)

    def log_mass(self, j: Tensor, location: Tensor, log_scale: Tensor) -> Tensor:
        """Of the j-th values, ``(*, n)``."""
        inverse = (-log_scale).exp()
        center, width = (self.base + j * self.step - location) * inverse, self.step * inverse
        lower, upper = center - 0.5 * width, center + 0.5 * width
        lowest, highest = (j == 0) & self.owns_below, (j == self.last) & self.owns_above
        log_mass = log_mass_between(lower, upper, width, lowest, highest)
        if not self.cut:
            return log_mass
        ends = *self._ends(location, inverse), (self.last + 1) * width
        return log_mass - log_mass_between(*ends, self.owns_below, self.owns_above)

    def _ends(self, location: Tensor, inverse: Tensor) -> tuple[Tensor, Tensor]:
        """The outer edges of the lowest and the highest bin, in units of the logistic's scale from its mean."""
        half = 0.5 * self.step * inverse
        lowest, highest = (self.base - location) * inverse, (self.base + self.last * self.step - location) * inverse
        return lowest - half, highest + half

    @torch.no_grad()
    def draw(self, output: Tensor, log_scale: Tensor, shape: Sequence[int]) -> Tensor:
        """Draws of the support. Rounding has no pathwise gradient: none passes."""
        uniform = torch.rand((*shape, *output.shape), dtype=output.dtype, device=output.device)
        return self.at(uniform.squeeze(-1), output.squeeze(-1), log_scale).unsqueeze(-1)

    def pass_through(self, output: Tensor, temperature: float, shape: Sequence[int]) -> Tensor:
        """The nearest value of the support, with the gradient of the output as it is."""
        return through(self.nearest(output.detach().squeeze(-1)).unsqueeze(-1), output).expand(*shape, *output.shape)

    def center(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """The median: where nothing is cut off the logistic's mean, rounded and within the support."""
        location = output.squeeze(-1)
        return self.at(torch.full_like(location, 0.5), location, log_scale).unsqueeze(-1)

    def at(self, share: Tensor, location: Tensor, log_scale: Tensor) -> Tensor:
        """The value up to which so large a share of the mass lies, ``(*, n)``."""
        u = location + log_scale.exp() * torch.logit(share, eps=1e-7)
        if self.cut:
            u = torch.where(self.owns_below & self.owns_above, u, self._within(share, location, log_scale))
        return self.nearest(u)

    def _within(self, share: Tensor, location: Tensor, log_scale: Tensor) -> Tensor:
        """The same of the logistic between the ends that own nothing, before it is rounded."""
        # of a wide logistic all of the support is a small part, in which few shares have float32s of their own
        wide = widest(location.device)
        share, location, log_scale = share.to(wide), location.to(wide), log_scale.to(wide)
        below, above = self._ends(location, (-log_scale).exp())
        below, above = below.masked_fill(self.owns_below, -torch.inf), above.masked_fill(self.owns_above, torch.inf)
        u = location + log_scale.exp() * logistic_within(share, below, above)
        return u.to(self.base.dtype)

    def nearest(self, u: Tensor) -> Tensor:
        """The value of the support that is nearest to u, ``(*, n)``."""
        j = ((u - self.base) / self.step).round()
        return self.base + torch.minimum(j.clamp(min=0), self.last) * self.step

    def entropy(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """Summed over the support.

        Raises:
            UserError: if a column has more than 4,096 values.
        """
        log_mass, there = self._whole(output, log_scale)
        return -torch.where(there, log_mass.exp() * log_mass, 0.0).sum(0)

    def kl(self, output: Tensor, log_scale: Tensor, other: Tensor, other_log_scale: Tensor) -> Tensor:
        """Summed over the support.

        Raises:
            UserError: if a column has more than 4,096 values.
        """
        log_p, there = self._whole(output, log_scale)
        log_q, _ = self._whole(other, other_log_scale)
        return torch.where(there, log_p.exp() * (log_p - log_q), 0.0).sum(0)

    def _whole(self, output: Tensor, log_scale: Tensor) -> tuple[Tensor, Tensor]:
        """The log-mass of every value, ``(values, *, n)``, and which of them a column has."""
        if self.most > MOST_SUMMED:
            raise UserError(
                f"a column of {self.most:,} whole numbers is too long to sum over: estimate from samples instead"
            )
        location = output.squeeze(-1)
        j = torch.arange(self.most, dtype=location.dtype, device=location.device)
        j = j.reshape(-1, *[1] * location.dim()).expand(-1, *location.shape)
        there = j <= self.last
        return self.log_mass(torch.where(there, j, 0.0), location, log_scale), there


def constants(families: Sequence[Integer]) -> dict[str, Tensor | int]:
    """What :class:`Integers` needs of its families, in float64."""
    spans = [family.high - family.low for family in families]
    return {
        "step": torch.tensor([1 / family.scale for family in families], dtype=torch.float64),
        "base": torch.tensor([(family.low - family.offset) / family.scale for family in families], dtype=torch.float64),
        "last": torch.tensor(spans, dtype=torch.float64),
        # u itself and three operations on it are rounded; where that hides the lattice, every value is on it
        "tolerance": torch.tensor([min(0.5, 0.01 + 4 * EPSILON * span) for span in spans], dtype=torch.float64),
        "owns_below": torch.tensor([family.owns_below for family in families]),
        "owns_above": torch.tensor([family.owns_above for family in families]),
        "cut": not all(family.owns_below and family.owns_above for family in families),
        "most": max(spans) + 1,
    }
