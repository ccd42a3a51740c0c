"""The columns of numbers of a table: a normal each on u, its density in the column's own units."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.columns import Number
from reparam.distributions.columnwise.group import Group, Judged
from reparam.distributions.normal import LOG_2PI

BEYOND = 1e18
"""What no u reaches; of infinity, products with 0 would be no numbers."""


@dataclass(frozen=True)
class Numbers(Group):
    """Columns of numbers, n of them.

    Args:
        slope, constant: log |du/dx| = slope · u + constant, ``(n,)``, where a column is not transformed by quantiles.
        bent: which of them are, ``(q,)``.
        knots: their inner knots in units of u, ``(q, most)``, rising, filled up with what no u reaches.
        log_slopes: log |du/dx| between knots, ``(q, most + 1)``.
    """

    slope: Tensor
    constant: Tensor
    bent: Tensor
    knots: Tensor
    log_slopes: Tensor

    def judge(self, entries: Tensor, output: Tensor, log_scale: Tensor) -> Judged:
        """The normal's log-density of u, and the logarithm of how fast u goes along with x."""
        u = entries.squeeze(-1)
        fits = u.isfinite()
        u = torch.where(fits, u, 0.0)
        standardized = (u - output.squeeze(-1)) * (-log_scale).exp()
        term = -0.5 * (standardized.square() + LOG_2PI) - log_scale + self.log_slope(u)
        return Judged(term, fits, fits & (u == 0))

    def log_slope(self, u: Tensor) -> Tensor:
        """Log |du/dx| at u, ``(*, n)``."""
        straight = self.slope * u + self.constant
        if not len(self.bent):
            return straight
        by_column = u.detach()[..., self.bent].reshape(-1, len(self.bent)).T.contiguous()
        piece = torch.searchsorted(self.knots, by_column)
        bends = self.log_slopes.gather(-1, piece).T.reshape(*u.shape[:-1], -1)
        return torch.index_add(straight, -1, self.bent, bends)

    def draw(self, output: Tensor, log_scale: Tensor, shape: Sequence[int]) -> Tensor:
        """``mean + scale * noise``: gradients reach mean and scale."""
        noise = torch.randn((*shape, *output.shape), dtype=output.dtype, device=output.device)
        return output + log_scale.exp().unsqueeze(-1) * noise

    def pass_through(self, output: Tensor, temperature: float, shape: Sequence[int]) -> Tensor:
        """The output as it is."""
        return output.expand(*shape, *output.shape)

    def center(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """The mean."""
        return output

    def entropy(self, output: Tensor, log_scale: Tensor) -> Tensor:
        """½ (1 + log 2π) + log scale, less the expected log |du/dx|, which is exact for every transform."""
        mean, of_u = output.squeeze(-1), 0.5 * (1 + LOG_2PI) + log_scale
        straight = self.slope * mean + self.constant
        if not len(self.bent):
            return of_u - straight
        below = (self.knots - mean[..., self.bent, None]) * (-log_scale[..., self.bent, None]).exp()
        within = torch.diff(F.pad(F.pad(torch.special.ndtr(below), (1, 0)), (0, 1), value=1.0))
        return of_u - straight.index_add(-1, self.bent, (within * self.log_slopes).sum(-1))

    def kl(self, output: Tensor, log_scale: Tensor, other: Tensor, other_log_scale: Tensor) -> Tensor:
        """That of normals on u: a change of units changes no divergence."""
        log_ratio = log_scale - other_log_scale
        shift = (output - other).squeeze(-1) * (-other_log_scale).exp()
        return 0.5 * ((2 * log_ratio).exp() + shift.square() - 1) - log_ratio


def constants(families: Sequence[Number]) -> dict[str, Tensor]:
    """What :class:`Numbers` needs of its families, in float64."""
    bent = [i for i, family in enumerate(families) if family.transform == "quantile"]
    most = max((len(families[i].knots) - 2 for i in bent), default=0)
    return {
        "slope": _wide([-family.scale if family.transform == "log" else 0.0 for family in families]),
        "constant": _wide([_constant(family) for family in families]),
        "bent": torch.tensor(bent, dtype=torch.int64),
        "knots": _wide([_inner_knots(families[i], most) for i in bent]).reshape(len(bent), most),
        "log_slopes": _wide([_log_slopes(families[i], most) for i in bent]).reshape(len(bent), most + 1),
    }


def _wide(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


def _constant(family: Number) -> float:
    """Log |du/dx| where u is 0: t' = 1/x = exp(-t) for the logarithm, and what knots say is added."""
    return -math.log(family.scale) - (family.offset if family.transform == "log" else 0.0)


def _inner_knots(family: Number, most: int) -> list[float]:
    """Where the slope changes, in units of u."""
    inner = [(t - family.offset) / family.scale for _, t in family.knots[1:-1]]
    return inner + [BEYOND] * (most - len(inner))


def _log_slopes(family: Number, most: int) -> list[float]:
    """Log t' between knots; beyond the first and the last it goes on straight."""
    slopes = [math.log((t_b - t_a) / (x_b - x_a)) for (x_a, t_a), (x_b, t_b) in pairwise(family.knots)]
    return slopes + [slopes[-1]] * (most + 1 - len(slopes))
