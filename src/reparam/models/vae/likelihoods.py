"""Likelihoods p(x|z): what a decoder's output means."""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretizedLogistic,
    Distribution,
    Normal,
)
from reparam.distributions.base import check_parameters, check_positive
from reparam.recording import recorded


class Likelihood(nn.Module, ABC):
    """A module from a decoder's output ``(*batch, *output_shape)`` to a distribution over x.

    Args:
        data_shape: shape of one example, without the batch.

    Raises:
        UserError: if that is no list of whole numbers of at least 1.

    Attributes:
        output_shape: what the decoder gives for one example.
        support: what values it has: ``binary`` (0 and 1), ``unit`` ([0, 1]), ``real``, or ``columns`` (rows of a
            table).
        levels: how many equally spaced values it has between 0 and 1; 0 where it has a density or is of coins.
    """

    support: Literal["binary", "unit", "real", "columns"] = "real"
    levels: int = 0

    def __init__(self, data_shape: Sequence[int]) -> None:
        super().__init__()
        self.data_shape = checks.widths("data_shape", data_shape, 1)
        self.output_shape = self.data_shape
        self.event_dims = len(self.data_shape)

    @abstractmethod
    def forward(self, output: Tensor) -> Distribution:
        """The distribution over x, its parameters in float32 or wider."""


@recorded
class BernoulliLikelihood(Likelihood):
    """Independent pixels of 0 and 1; the decoder gives the log-odds."""

    support = "binary"

    def forward(self, output: Tensor) -> Bernoulli:
        """Bernoulli with logits ``output``."""
        return Bernoulli(output, self.event_dims)


@recorded
class ContinuousBernoulliLikelihood(Likelihood):
    """Independent grey values in [0, 1] with a density (Loaiza-Ganem & Cunningham 2019); the decoder gives logits."""

    support = "unit"

    def forward(self, output: Tensor) -> ContinuousBernoulli:
        """Continuous Bernoulli with logits ``output``."""
        return ContinuousBernoulli(output, self.event_dims)


@recorded
class NormalLikelihood(Likelihood):
    """Independent normals whose standard deviation does not depend on z; the decoder gives the mean.

    Args:
        data_shape: shape of one example.
        scale: the standard deviation it starts from: one for all dimensions, or a tensor that broadcasts with one
            example, for one each.
        learned: whether the standard deviation is learned (as its logarithm, so it stays positive) or stays as given.

    Raises:
        UserError: if a standard deviation is not positive, or does not broadcast with an example.
    """

    log_scale: Tensor

    def __init__(self, data_shape: Sequence[int], scale: float | Tensor = 1.0, learned: bool = True) -> None:
        super().__init__(data_shape)
        log_scale = _deviations(scale, self.data_shape).log()
        if learned:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def forward(self, output: Tensor) -> Normal:
        """Normal with mean ``output``."""
        return Normal.from_log_scale(output, self.log_scale.expand_as(output), self.event_dims)


def _deviations(scale: float | Tensor, data_shape: tuple[int, ...]) -> Tensor:
    """Standard deviations as a tensor that broadcasts with an example, each of them positive."""
    if not isinstance(scale, Tensor):
        return torch.tensor(checks.positive("scale", scale))
    check_parameters(0, scale=scale, example=torch.empty(data_shape, device="meta"))
    check_positive("scale", scale)
    return scale.to(torch.get_default_dtype())


@recorded
class DiscretizedLogisticLikelihood(Likelihood):
    """Independent 8-bit values in [0, 1] (Kingma et al. 2016); the decoder gives the location less ½.

    The scale does not depend on z: one for each channel of images, one for each column of a table.

    Args:
        data_shape: shape of one example.
        scale: the logistic's scale it starts from.

    Raises:
        UserError: if that is not positive.
    """

    support = "unit"
    levels = 256

    def __init__(self, data_shape: Sequence[int], scale: float = 0.1) -> None:
        super().__init__(data_shape)
        channels, *rest = self.data_shape
        start = math.log(checks.positive("scale", scale))
        self.log_scale = nn.Parameter(torch.full((channels, *[1] * len(rest)), start))

    def forward(self, output: Tensor) -> DiscretizedLogistic:
        """Discretized logistic around ``output`` + ½."""
        return DiscretizedLogistic(output + 0.5, self.log_scale, self.event_dims)


@recorded
class CategoricalLikelihood(Likelihood):
    """Independent values among equally spaced levels in [0, 1], any histogram; the decoder gives a logit for each.

    Args:
        data_shape: shape of one example.
        levels: how many.

    Raises:
        UserError: if there are fewer than 2.

    >>> CategoricalLikelihood((3, 8, 8), levels=16).output_shape
    (48, 8, 8)
    """

    support = "unit"

    def __init__(self, data_shape: Sequence[int], levels: int = 256) -> None:
        super().__init__(data_shape)
        self.levels = checks.whole("levels", levels, 2)
        channels, *rest = self.data_shape
        self.output_shape = (channels * levels, *rest)

    def forward(self, output: Tensor) -> Categorical:
        """Categorical with the levels' logits moved last."""
        leading = output.shape[: output.dim() - self.event_dims]
        channels, *rest = self.data_shape
        logits = output.reshape(*leading, channels, self.levels, *rest)
        return Categorical(logits.movedim(len(leading) + 1, -1), self.event_dims)
