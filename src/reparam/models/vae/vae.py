"""The variational autoencoder, composed from its parts."""

from collections.abc import Iterator, Mapping

from torch import Tensor, nn

from reparam import checks
from reparam.bounds import analytic_kl, layerwise_kl
from reparam.distributions import Distribution
from reparam.errors import UserError
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.models.parts import require_module, require_shape, shape_of, try_out
from reparam.models.vae.decoding import decode, full_precision
from reparam.models.vae.hierarchical import HierarchicalPosterior, HierarchicalPrior
from reparam.models.vae.likelihoods import BernoulliLikelihood, Likelihood
from reparam.models.vae.objectives import ELBO, Objective
from reparam.models.vae.posteriors import DiagonalNormal
from reparam.models.vae.priors import Prior, VampPrior
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
        objective: how a bound becomes a loss; unless given the ELBO, its KL in closed form, or layer by layer where
            posterior or prior is hierarchical.

    Raises:
        UserError: if an argument is none of these, the networks' shapes do not go together, or the objective cannot be
            had of posterior and prior.

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
        check_prior(prior)
        self.latent_dim = prior.latent_dim
        self.encoder, self.decoder = encoder, decoder
        self._modules["prior"] = prior  # its place in a checkpoint; as an attribute it is the distribution
        self.posterior = posterior or DiagonalNormal(self.latent_dim)
        self.likelihood = likelihood or BernoulliLikelihood(shape_of("decoder", decoder, (self.latent_dim,)))
        check_likelihood(self.likelihood)
        self.data_shape = self.likelihood.data_shape
        self.objective = objective or usual_objective(self.posterior, prior)
        if not isinstance(self.objective, Objective):
            checks.refuse(
                "objective", objective, "give one of ELBO(...), IWAE(...), DReG(...) or an Objective of your own"
            )
        self.monitor = self.objective.monitor
        check_parts(encoder, decoder, prior, self.posterior, self.likelihood)
        try_out(self, lambda x: self.loss(Batch(x)), self.data_shape)

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

    def schedules(self) -> Mapping[str, float]:
        """Epochs over which the objective changes, by the setting that says so."""
        return self.objective.schedules

    def of_the_batch(self) -> Mapping[str, str]:
        """What the objective computes of all examples together."""
        return self.objective.of_the_batch

    def evaluate(self, batch: Batch) -> Terms:
        """The unweighted bound and its terms, each ``(batch,)`` in nats."""
        return self.objective.evaluate(batch.x, self.encode(batch.x), self.prior, self.decode)

    def sample(self, n: int) -> Tensor:
        """Ancestral draws: z from the prior, then x from the likelihood."""
        return self.decode(self.prior.sample((n,))).sample()

    def mean(self, n: int) -> Tensor:
        """The decoder's mean at ``n`` draws of the prior; the same z as :meth:`sample` under the same noise."""
        return self.decode(self.prior.sample((n,))).mean


def usual_objective(posterior: nn.Module, prior: Prior) -> ELBO:
    """The ELBO, with the KL that posterior and prior have in closed form."""
    layers = isinstance(posterior, HierarchicalPosterior) or isinstance(prior, HierarchicalPrior)
    return ELBO(kl=layerwise_kl if layers else analytic_kl)


def check_prior(prior: object) -> None:
    """Refuse what is no prior.

    Raises:
        UserError: naming what it is.
    """
    if not isinstance(prior, nn.Module) or not hasattr(prior, "latent_dim"):
        raise UserError(f"prior is a {type(prior).__name__}: give a Prior such as StandardNormal(20)")


def check_likelihood(likelihood: object) -> None:
    """Refuse what is no likelihood.

    Raises:
        UserError: naming what it is.
    """
    if not isinstance(likelihood, Likelihood):
        raise UserError(f"likelihood is a {type(likelihood).__name__}: give a Likelihood such as BernoulliLikelihood")


def check_parts(
    encoder: nn.Module, decoder: nn.Module, prior: Prior, posterior: nn.Module, likelihood: Likelihood
) -> None:
    """Refuse parts that do not go together.

    Raises:
        UserError: naming the part, its shape, and the one that would go.
    """
    require_module("posterior", posterior)
    width = getattr(posterior, "latent_dim", prior.latent_dim)
    if width != prior.latent_dim:
        raise UserError(
            f"the posterior has latent_dim={width} and the prior latent_dim={prior.latent_dim}: give both the same"
        )
    takes, codes = type(posterior).__name__, (prior.latent_dim,)
    require_shape("decoder", decoder, codes, likelihood.output_shape, f"a {type(likelihood).__name__}")
    outputs: int | None = getattr(posterior, "outputs", None)
    if outputs is None:  # a posterior of the user's own, which may take what it likes
        shape_of("encoder", encoder, likelihood.data_shape)
    else:
        require_shape("encoder", encoder, likelihood.data_shape, (outputs,), f"a {takes}")
    if isinstance(prior, VampPrior) and prior.pseudo_inputs.shape[1:] != likelihood.data_shape:
        raise UserError(
            f"pseudo_inputs hold examples of shape {tuple(prior.pseudo_inputs.shape[1:])}, and the model's have "
            f"{likelihood.data_shape}: give (components, *{likelihood.data_shape})"
        )
