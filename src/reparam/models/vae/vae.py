"""The variational autoencoder, composed from its parts."""

from collections.abc import Iterator

from torch import Tensor, nn

from reparam.distributions import Distribution
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.models.vae.decoding import decode, full_precision, shape_of_output
from reparam.models.vae.likelihoods import BernoulliLikelihood, Likelihood
from reparam.models.vae.objectives import ELBO, Objective
from reparam.models.vae.posteriors import DiagonalNormal
from reparam.models.vae.priors import Prior
from reparam.recording import recorded


@recorded
class VAE(Model):
    """A variational autoencoder (Kingma & Welling 2014): z ~ prior, x ~ likelihood(decoder(z)), with q(z|x) beside it.

    Args:
        encoder: module from x ``(batch, *data_shape)`` to the posterior's parameters ``(batch, posterior.outputs)``.
        decoder: module from z ``(batch, latent_dim)`` to the likelihood's parameters ``(batch, *data_shape)``.
        prior: a :class:`reparam.models.vae.priors.Prior`.
        posterior: module from the encoder's output to q(z|x); a diagonal normal unless given.
        likelihood: module from the decoder's output to p(x|z); Bernoulli unless given.
        objective: how a bound becomes a loss; the ELBO unless given.

    >>> from reparam.models.vae.priors import StandardNormal
    >>> from reparam.networks import MLP
    >>> vae = VAE(MLP(12, [8], 2 * 3), MLP(3, [8], 12), StandardNormal(3))
    >>> vae.sample(5).shape, [turn.name for turn in vae.turns()]
    (torch.Size([5, 12]), ['vae'])
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        prior: Prior,
        *,
        posterior: nn.Module | None = None,
        likelihood: Likelihood | None = None,
        objective: Objective | None = None,
    ) -> None:
        super().__init__()
        self.latent_dim = prior.latent_dim
        self.encoder, self.decoder = encoder, decoder
        self._modules["prior"] = prior  # its place in a checkpoint; as an attribute it is the distribution
        self.posterior = posterior or DiagonalNormal(self.latent_dim)
        self.likelihood = likelihood or BernoulliLikelihood(shape_of_output(decoder, self.latent_dim))
        self.data_shape = self.likelihood.data_shape
        self.objective = objective or ELBO()
        self.monitor = self.objective.monitor

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x), with batch shape ``(batch,)``."""
        return self.posterior(full_precision(self.encoder(x)))  # type: ignore[no-any-return]

    def decode(self, z: Tensor) -> Distribution:
        """p(x|z) for z of shape ``(*leading, latent_dim)``."""
        return self.likelihood(decode(self.decoder, z))  # type: ignore[no-any-return]

    @property
    def prior(self) -> Distribution:
        """p(z), of batch shape ``()``."""
        return self.prior_module(self.encode)  # type: ignore[no-any-return]

    @property
    def prior_module(self) -> Prior:
        """The module that :attr:`prior` is made by."""
        return self._modules["prior"]  # type: ignore[return-value]

    def loss(self, batch: Batch) -> Terms:
        """The objective's scalars on a batch."""
        return self.objective.loss(batch.x, self.encode(batch.x), self.prior, self.decode, batch.epoch)

    def turns(self) -> Iterator[Turn]:
        """One turn: everything moves on the bound."""
        yield Turn("vae", self, self.loss)

    def evaluate(self, batch: Batch) -> Terms:
        """The unweighted bound and its terms, each ``(batch,)`` in nats."""
        return self.objective.evaluate(batch.x, self.encode(batch.x), self.prior, self.decode)

    def sample(self, n: int) -> Tensor:
        """Ancestral draws: z from the prior, then x from the likelihood."""
        return self.decode(self.prior.sample((n,))).sample()

    def mean(self, n: int) -> Tensor:
        """The decoder's mean at ``n`` draws of the prior; the same z as :meth:`sample` under the same noise."""
        return self.decode(self.prior.sample((n,))).mean
