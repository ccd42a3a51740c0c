"""An implicit posterior: z = f(context, noise) for any f, from which one can draw and no more."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Distribution
from reparam.networks import MLP
from reparam.recording import recorded


class Implicit(Distribution):
    """Noise pushed through a network that is told a context: no density is known.

    Args:
        network: from context and noise joined, ``(*, context + noise_dim)``, to z ``(*, latent_dim)``.
        context: ``(batch, context)``.
        noise_dim: width of the noise ~ N(0, I).
    """

    has_density = False

    def __init__(self, network: nn.Module, context: Tensor, noise_dim: int) -> None:
        super().__init__(event_dims=1)
        self.network, self.context, self.noise_dim = network, context, noise_dim

    @property
    def mean(self) -> Tensor:
        """An implicit distribution's mean has no closed form.

        Raises:
            UserError: always; :attr:`center` is what zero noise becomes.
        """
        raise self.no_closed_form("mean")

    @property
    def center(self) -> Tensor:
        """f(context, 0), ``(batch, latent_dim)``."""
        return self._push(self.context.new_zeros(self.context.shape[0], self.noise_dim))

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """f(context, noise): gradients reach f and the context."""
        shape = (*sample_shape, len(self.context), self.noise_dim)
        return self._push(torch.randn(shape, dtype=self.context.dtype, device=self.context.device))

    def _push(self, noise: Tensor) -> Tensor:
        z: Tensor = self.network(torch.cat([self.context.expand(*noise.shape[:-1], -1), noise], dim=-1))
        return z

    def log_prob(self, value: Tensor) -> Tensor:
        """An implicit distribution has no density that could be computed.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("density")

    def entropy(self) -> Tensor:
        """An implicit distribution's entropy is not known.

        Raises:
            UserError: always.
        """
        raise self.no_closed_form("entropy")


@recorded
class ImplicitPosterior(nn.Module):
    """q(z|x) as z = f(encoder's context, noise) (Mescheder et al. 2017, figure 2b).

    Args:
        latent_dim: width of z.
        context: numbers the encoder gives.
        noise_dim: width of the noise.
        hidden: widths of f's hidden layers.
        activation: one of ``reparam.networks.ACTIVATIONS``.

    Raises:
        UserError: if a width is no whole number of at least 1, or the activation is unknown.

    >>> ImplicitPosterior(5, context=4, noise_dim=3)(torch.zeros(7, 4)).sample((2,)).shape
    torch.Size([2, 7, 5])
    """

    def __init__(
        self,
        latent_dim: int,
        context: int,
        noise_dim: int,
        hidden: Sequence[int] = (256,),
        activation: str = "relu",
    ) -> None:
        super().__init__()
        self.latent_dim = checks.whole("latent_dim", latent_dim)
        self.outputs, self.noise_dim = checks.whole("context", context), checks.whole("noise_dim", noise_dim)
        self.network = MLP(context + noise_dim, hidden, latent_dim, activation)

    def forward(self, output: Tensor) -> Implicit:
        """The distribution of z ``(batch, latent_dim)``."""
        return Implicit(self.network, output, self.noise_dim)
