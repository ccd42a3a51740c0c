"""Layers of latents: a prior and a posterior that go from the top layer down, each given all layers above it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Hierarchy, Normal
from reparam.distributions.base import broadcast_shape, parted
from reparam.models.vae.decoding import full_precision
from reparam.models.vae.posteriors import bounded
from reparam.models.vae.priors import Encode, Prior
from reparam.networks import MLP
from reparam.recording import recorded

NARROW = -20.0


def held(log_variance: Tensor) -> Tensor:
    """A log-variance :func:`bounded` at 10, and falling as a logarithm below -20.

    What a network says of a layer depends on the z drawn above it, however far out that is: no scale becomes 0, which
    a density divides by.

    >>> held(torch.tensor([-1e6, -20.0, 3.0])).tolist()
    [-33.815..., -20.0, 3.0]
    """
    narrow = log_variance.clamp(min=NARROW) - (NARROW - log_variance).clamp(min=0).log1p()
    return bounded(narrow)


def split_evenly(latent_dim: int, layers: int) -> list[int]:
    """Widths of the layers, the top one first: equal, and what is left over is the bottom one's.

    Raises:
        UserError: if a number is not whole or less than 1, or a layer would have nothing.

    >>> split_evenly(7, 3)
    [2, 2, 3]
    """
    checks.wholes(latent_dim=latent_dim, layers=layers)
    if layers > latent_dim:
        checks.refuse("layers", layers, f"they cannot share latent_dim={latent_dim}, give each at least one")
    even = latent_dim // layers
    return [even] * (layers - 1) + [latent_dim - even * (layers - 1)]


@dataclass(frozen=True)
class Layer:
    """One layer given those above: a normal whose mean and log-variance a network shifts by what is above.

    Args:
        width: of the layer.
        mean: before it is shifted, ``(*batch_shape, width)``.
        log_variance: likewise.
        network: from context and z above to both shifts, ``2 * width``.
        context: what else the network is told, ``(*batch_shape, context)``; None: nothing.
    """

    width: int
    mean: Tensor
    log_variance: Tensor
    network: Callable[[Tensor], Tensor]
    context: Tensor | None = None

    def __call__(self, above: Tensor) -> Normal:
        """The normal over ``(*leading, width)``."""
        shift, log_ratio = full_precision(self.network(self._told(above))).chunk(2, dim=-1)
        return Normal.from_log_scale(self.mean + shift, 0.5 * held(self.log_variance + log_ratio))

    def _told(self, above: Tensor) -> Tensor:
        if self.context is None:
            return above
        leading = broadcast_shape(above.shape[:-1], self.context.shape[:-1])
        return torch.cat([self.context.expand(*leading, -1), above.expand(*leading, -1)], dim=-1)

    def detached(self) -> "Layer":
        """The same with no gradient to encoder and network; the gradient still reaches ``above``."""
        context = None if self.context is None else self.context.detach()
        return Layer(self.width, self.mean.detach(), self.log_variance.detach(), _fixed(self.network), context)


def _fixed(network: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """A network whose parameters take no gradient, its input does."""
    if not isinstance(network, nn.Module):
        return network
    parameters = {name: parameter.detach() for name, parameter in network.named_parameters()}
    return lambda told: torch.func.functional_call(network, parameters, (told,))


def _networks(widths: Sequence[int], context: int, hidden: Sequence[int]) -> nn.ModuleList:
    """A network for each layer but the top one: from context and all z above."""
    hidden = checks.widths("hidden", hidden)
    above = accumulate(widths[:-1])
    return nn.ModuleList(MLP(context + a, hidden, 2 * width) for a, width in zip(above, widths[1:], strict=True))


@recorded
class HierarchicalPrior(Prior):
    """p(z) = N(z_1; 0, I) ∏ N(z_k | z above): every layer but the top one is learned (Sønderby et al. 2016).

    Args:
        latent_dim: width of z, all layers together; they share it evenly, and the bottom one has what is left over.
        layers: how many.
        hidden: widths of the hidden layers of the network before each layer but the top one.

    Raises:
        UserError: if a number is not whole or too small, or there are more layers than latents.

    >>> HierarchicalPrior(5)().sample((4,)).shape
    torch.Size([4, 5])
    """

    zeros: Tensor

    def __init__(self, latent_dim: int, layers: int = 2, hidden: Sequence[int] = (128,)) -> None:
        super().__init__(latent_dim)
        self.widths = split_evenly(latent_dim, layers)
        self.register_buffer("zeros", torch.zeros(latent_dim), persistent=False)
        self.networks = _networks(self.widths, 0, hidden)

    def forward(self, encode: Encode | None = None) -> Hierarchy:
        """The distribution."""
        top, *below = parted(self.zeros, self.widths)
        layers = [Layer(len(zeros), zeros, zeros, net) for zeros, net in zip(below, self.networks, strict=True)]
        return Hierarchy(Normal.from_log_scale(top, top), layers)


@recorded
class HierarchicalPosterior(nn.Module):
    """q(z|x) = N(z_1 | x) ∏ N(z_k | x, z above), inferred from the top down as the prior draws.

    The encoder gives mean, log-variance and context, ``(batch, 2 * latent_dim + context)``. Below the top a network of
    context and z above shifts both, so that each layer is told what x says and what the layers above have said already
    (top-down inference: Sønderby et al. 2016; Kingma et al. 2016; Vahdat & Kautz 2020). Its parameters are its own,
    none are the prior's.

    Args:
        latent_dim: width of z, all layers together; they share it evenly, and the bottom one has what is left over.
        layers: how many.
        context: numbers of the encoder that each network is told.
        hidden: widths of the hidden layers of the network before each layer but the top one.

    Raises:
        UserError: if a number is not whole or too small, or there are more layers than latents.

    >>> HierarchicalPosterior(5, context=4)(torch.zeros(3, 14)).sample().shape
    torch.Size([3, 5])
    """

    def __init__(self, latent_dim: int, layers: int = 2, context: int = 32, hidden: Sequence[int] = (128,)) -> None:
        super().__init__()
        self.widths = split_evenly(latent_dim, layers)
        self.latent_dim, self.context = latent_dim, checks.whole("context", context, 0)
        self.outputs = 2 * latent_dim + context
        self.networks = _networks(self.widths, context, hidden)

    def forward(self, output: Tensor) -> Hierarchy:
        """The hierarchy over z ``(batch, latent_dim)``."""
        means, log_variances, context = output.tensor_split([self.latent_dim, 2 * self.latent_dim], dim=-1)
        mean, *below = parted(means, self.widths)
        log_variance, *others = parted(log_variances, self.widths)
        layers = [
            Layer(m.shape[-1], m, v, network, context)
            for m, v, network in zip(below, others, self.networks, strict=True)
        ]
        return Hierarchy(Normal.from_log_scale(mean, 0.5 * held(log_variance)), layers)
