"""Likelihoods p(x|z): what a decoder's output means."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reparam.distributions import Bernoulli, Distribution, Normal


class Likelihood(nn.Module, ABC):
    """A module from a decoder's output ``(*batch, *data_shape)`` to a distribution over x.

    Args:
        data_shape: shape of one example, without the batch.
    """

    def __init__(self, data_shape: Sequence[int]) -> None:
        super().__init__()
        self.event_dims = len(data_shape)

    @abstractmethod
    def forward(self, output: Tensor) -> Distribution:
        """The distribution over x, its parameters in float32 or wider."""


class BernoulliLikelihood(Likelihood):
    """Independent pixels of 0 and 1; the decoder gives the log-odds."""

    def forward(self, output: Tensor) -> Bernoulli:
        """Bernoulli with logits ``output``."""
        return Bernoulli(output, self.event_dims)


class NormalLikelihood(Likelihood):
    """Independent normals whose standard deviation does not depend on z; the decoder gives the mean.

    Args:
        data_shape: shape of one example.
        scale: the standard deviation it starts from: one for all dimensions, or a tensor that broadcasts with one
            example, for one each.
        learned: whether the standard deviation is learned (as its logarithm, so it stays positive) or stays as given.
    """

    log_scale: Tensor

    def __init__(self, data_shape: Sequence[int], scale: float | Tensor = 1.0, learned: bool = True) -> None:
        super().__init__(data_shape)
        log_scale = torch.as_tensor(scale, dtype=torch.get_default_dtype()).log()
        if learned:
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)

    def forward(self, output: Tensor) -> Normal:
        """Normal with mean ``output``."""
        return Normal.from_log_scale(output, self.log_scale.expand_as(output), self.event_dims)
