"""A mixture of normals."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution
from reparam.distributions.normal import LOG_2PI, Normal
from reparam.errors import UserError
from reparam.hardware import widest


class NormalMixture(Distribution):
    """Σ_k w_k N(mean_k, diag(scale_k²)) over vectors; its batch shape is ``()``.

    Args:
        logits: unnormalized log-weights, ``(components,)``.
        components: diagonal normals of batch shape ``(components,)``.

    Raises:
        UserError: unless there is one logit a component.

    >>> two = Normal(torch.tensor([[-1.0], [1.0]]), torch.ones(2, 1))
    >>> NormalMixture(torch.zeros(2), two).sample((5,)).shape
    torch.Size([5, 1])
    """

    def __init__(self, logits: Tensor, components: Normal) -> None:
        super().__init__(event_dims=1)
        if logits.dim() != 1 or not len(logits) or components.mean.shape[:-1] != logits.shape:
            raise UserError(
                f"logits {tuple(logits.shape)} and components with means {tuple(components.mean.shape)} make no "
                "mixture: give one logit and one row of means for each of 1 or more"
            )
        self.log_weights, self.components = F.log_softmax(logits, 0), components

    @property
    def mean(self) -> Tensor:
        """The weighted mean of the components' means, ``(dim,)``."""
        return self.log_weights.exp() @ self.components.mean

    @property
    def shape(self) -> torch.Size:
        """That of one component's draws."""
        return self.components.event_shape

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of a component chosen by its weight: gradients reach the components, none reaches the weights."""
        shape = torch.Size(sample_shape)
        chosen = torch.multinomial(self.log_weights.detach().exp(), max(shape.numel(), 1), replacement=True)
        mean, scale = self.components.mean, self.components.scale.expand_as(self.components.mean)
        z = mean[chosen] + scale[chosen] * torch.randn_like(mean[chosen])
        return z[: shape.numel()].reshape(*shape, -1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log Σ_k w_k N(z; k), for z ``(*leading, dim)``: ``(*leading,)``."""
        return (self._log_densities(value) + self.log_weights).logsumexp(-1)

    def _log_densities(self, value: Tensor) -> Tensor:
        """Log N(z; k) of every component, ``(*leading, components)``, its square expanded into two matrix products.

        In float64 where the device has it: products of narrow components cancel, and would lose hundredths of a nat in
        float32. A tensor of all differences would need ``dim`` times the memory.
        """
        wide = widest(value.device)
        mean, log_scale = self.components.mean.to(wide), self.components.log_scale.to(wide)
        precision = (-2 * log_scale).exp().expand_as(mean)
        z = value.to(wide)
        squares = z.square() @ precision.T - 2 * (z @ (mean * precision).T) + (mean.square() * precision).sum(-1)
        constant = mean.shape[-1] * LOG_2PI + 2 * log_scale.expand_as(mean).sum(-1)
        return (-0.5 * (squares + constant)).to(value.dtype)

    def entropy(self) -> Tensor:
        """A mixture's entropy has no closed form.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("entropy")
