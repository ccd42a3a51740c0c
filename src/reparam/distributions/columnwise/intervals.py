"""How much of a distribution that is symmetric about 0 lies in an interval, and draws within it, far in a tail too."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

LogCdf = Callable[[Tensor], Tensor]


def log_mass(log_cdf: LogCdf, below: Tensor, above: Tensor) -> Tensor:
    """Log(F(above) - F(below)); no digits are lost in either tail.

    >>> log_mass(F.logsigmoid, torch.tensor(-1.0), torch.tensor(1.0)).exp()
    tensor(0.4621)
    """
    low, high, _ = _lower(below, above)
    return log_cdf(high) + torch.log(-torch.expm1(log_cdf(low) - log_cdf(high)))


def normal_within(share: Tensor, below: Tensor, above: Tensor) -> Tensor:
    """Where a standard normal has so large a share of what it has in an interval."""
    return _within(torch.special.log_ndtr, _normal_quantile, share, below, above)


def logistic_within(share: Tensor, below: Tensor, above: Tensor) -> Tensor:
    """Where a standard logistic has so large a share of what it has in an interval.

    >>> logistic_within(torch.tensor([0.0, 0.5, 1.0]), torch.tensor(-1.0), torch.tensor(3.0))
    tensor([-1.0000,  0.4505,  3.0000])
    """
    return _within(F.logsigmoid, _logistic_quantile, share, below, above)


def _within(log_cdf: LogCdf, quantile: LogCdf, share: Tensor, below: Tensor, above: Tensor) -> Tensor:
    low, high, mirrored = _lower(below, above)
    of_low, of_high = torch.log1p(-share), share.log()
    of_low, of_high = torch.where(mirrored, of_high, of_low), torch.where(mirrored, of_low, of_high)
    log_p = torch.logaddexp(log_cdf(low) + of_low, log_cdf(high) + of_high)
    found = quantile(log_p).maximum(low).minimum(high)
    return torch.where(mirrored, -found, found)


def _lower(below: Tensor, above: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """An interval, mirrored to the side where small probabilities are told apart, and where it was."""
    mirrored = below > 0
    return torch.where(mirrored, -above, below), torch.where(mirrored, -below, above), mirrored


def _normal_quantile(log_p: Tensor) -> Tensor:
    from scipy.special import ndtri_exp

    return torch.from_numpy(np.asarray(ndtri_exp(log_p.cpu().numpy()))).to(log_p.device)


def _logistic_quantile(log_p: Tensor) -> Tensor:
    return log_p - torch.log(-torch.expm1(log_p))
