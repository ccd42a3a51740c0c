"""The plain autoencoder: a code, and back, with no distribution over codes."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.distributions import Delta, Distribution
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.models.parts import require_module, require_shape, shape_of
from reparam.models.vae.decoding import decode, full_precision
from reparam.models.vae.likelihoods import BernoulliLikelihood, Likelihood
from reparam.recording import recorded


@recorded
class Autoencoder(Model):
    """x → z = encoder(x) → p(x|z), trained on -log p(x|z) in nats.

    Args:
        encoder: module from x ``(batch, *data_shape)`` to the code ``(batch, latent_dim)``.
        decoder: module from z ``(batch, latent_dim)`` to the likelihood's parameters ``(batch, *data_shape)``.
        latent_dim: width of the code.
        likelihood: module from the decoder's output to p(x|z); Bernoulli unless given. A normal of fixed scale makes it
            the squared error.

    Raises:
        UserError: if an argument is none of these, or the networks' shapes do not go together.
    """

    monitor = "reconstruction"

    def __init__(
        self, encoder: nn.Module, decoder: nn.Module, latent_dim: int, *, likelihood: nn.Module | None = None
    ) -> None:
        super().__init__()
        self.latent_dim = checks.whole("latent_dim", latent_dim)
        made = shape_of("decoder", decoder, (latent_dim,))
        self.encoder, self.decoder = encoder, decoder
        self.likelihood = likelihood or BernoulliLikelihood(made)
        require_module("likelihood", self.likelihood)
        self.data_shape = made
        if isinstance(self.likelihood, Likelihood):
            self.data_shape, takes = self.likelihood.data_shape, f"a {type(self.likelihood).__name__}"
            require_shape("decoder", decoder, (latent_dim,), self.likelihood.output_shape, takes)
        require_shape("encoder", encoder, self.data_shape, (latent_dim,), f"latent_dim={latent_dim}")

    def encode(self, x: Tensor) -> Delta:
        """The code, a point of ``(batch, latent_dim)``."""
        return Delta(full_precision(self.encoder(x)))

    def decode(self, z: Tensor) -> Distribution:
        """p(x|z) for z of shape ``(*leading, latent_dim)``."""
        return self.likelihood(decode(self.decoder, z))  # type: ignore[no-any-return]

    def loss(self, batch: Batch) -> Terms:
        """-log p(x|z), averaged over the batch."""
        reconstruction = self.evaluate(batch)["reconstruction"].mean()
        return {"loss": -reconstruction, "reconstruction": reconstruction}

    def turns(self) -> Iterator[Turn]:
        """One turn: everything moves on the reconstruction."""
        yield Turn("autoencoder", self, self.loss)

    def evaluate(self, batch: Batch) -> Terms:
        """The reconstruction log p(x|z) at the code, ``(batch,)`` in nats."""
        return {"reconstruction": self.decode(self.encode(batch.x).value).log_prob(batch.x)}

    def sample(self, n: int) -> Tensor:
        """Decodes z ~ N(0, I). Nothing in training makes codes look like that: these show why a VAE has a prior."""
        return self._decode_noise(n).sample()

    def mean(self, n: int) -> Tensor:
        """The decoder's mean at z ~ N(0, I)."""
        return self._decode_noise(n).mean

    def _decode_noise(self, n: int) -> Distribution:
        like = next(self.parameters())
        return self.decode(torch.randn(n, self.latent_dim, device=like.device, dtype=like.dtype))
