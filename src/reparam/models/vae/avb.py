"""Adversarial variational Bayes: a VAE whose posterior has no density, its KL learned by telling codes apart."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from reparam import checks
from reparam.distributions import Distribution, Normal
from reparam.errors import UserError
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.models.parts import ROWS, output_of, require_module, rows, shape_of, try_out
from reparam.models.vae.decoding import decode, full_precision
from reparam.models.vae.likelihoods import BernoulliLikelihood, Likelihood
from reparam.models.vae.priors import Prior
from reparam.models.vae.vae import check_likelihood, check_parts, check_prior
from reparam.recording import recorded

ADAM = {"learning_rate": 5e-4, "betas": (0.5, 0.999)}


@recorded
class PairDiscriminator(nn.Module):
    """T(x, z): features of x and z joined, then a perceptron to one logit.

    Args:
        features: module from x ``(batch, *data_shape)`` to ``(batch, width)``.
        joint: module from ``(*, width + latent_dim)`` to ``(*, 1)``.
    """

    def __init__(self, features: nn.Module, joint: nn.Module) -> None:
        super().__init__()
        require_module("features", features)
        require_module("joint", joint)
        self.features, self.joint = features, joint

    def forward(self, x: Tensor, z: Tensor) -> Tensor:
        """The logits ``(*leading, batch)`` of z ``(*leading, batch, latent_dim)``."""
        h = self.features(x)
        return full_precision(self.joint(torch.cat([h.expand(*z.shape[:-1], -1), z], dim=-1)).squeeze(-1))


@recorded
class AVB(Model):
    """Adversarial variational Bayes (Mescheder et al. 2017, algorithm 1): q(z|x) is any z = f(x, noise).

    The discriminator T tells pairs (x, z ~ q(z|x)) from (x, z ~ p(z)); at its optimum T = log q(z|x) - log p(z), whose
    mean under q is the KL. Encoder and decoder minimize T - log p(x|z). With adaptive contrast (section 3.3) T compares
    q with the normal that has q's moments instead, a contrast that stays small while q moves away from the prior.

    Args:
        encoder: module from x ``(batch, *data_shape)`` to a context ``(batch, posterior.outputs)``.
        posterior: module from the context to q(z|x); draws are all that is asked of it.
        decoder: module from z to the likelihood's parameters.
        discriminator: module from (x, z) to logits, see :class:`PairDiscriminator`.
        prior: a :class:`reparam.models.vae.priors.Prior`.
        likelihood: module from the decoder's output to p(x|z); Bernoulli unless given.
        contrast_samples: draws by which adaptive contrast estimates q's moments; 0: T compares with the prior.
        discriminator_turns: updates of T per update of encoder and decoder.

    Raises:
        UserError: if an argument is none of these, or the networks' shapes do not go together.
    """

    curve = "estimated_elbo"

    def __init__(
        self,
        encoder: nn.Module,
        posterior: nn.Module,
        decoder: nn.Module,
        discriminator: nn.Module,
        prior: Prior,
        *,
        likelihood: Likelihood | None = None,
        contrast_samples: int = 0,
        discriminator_turns: int = 1,
    ) -> None:
        super().__init__()
        check_prior(prior)
        self.latent_dim = prior.latent_dim
        # one module, since they move together
        for name, part in (("encoder", encoder), ("posterior", posterior), ("decoder", decoder)):
            require_module(name, part)
        self.autoencoder = nn.ModuleDict({"encoder": encoder, "posterior": posterior, "decoder": decoder})
        self.autoencoder["prior"] = prior
        likelihood = likelihood or BernoulliLikelihood(shape_of("decoder", decoder, (self.latent_dim,)))
        check_likelihood(likelihood)
        self.autoencoder["likelihood"] = likelihood
        self.data_shape = self.likelihood.data_shape
        self.discriminator = discriminator
        self.contrast_samples = checks.whole("contrast_samples", contrast_samples, 0)
        if contrast_samples == 1:
            checks.refuse("contrast_samples", 1, "one draw has no spread, give 2 or more, or 0 for none")
        self.discriminator_turns = checks.whole("discriminator_turns", discriminator_turns)
        check_parts(encoder, decoder, prior, posterior, self.likelihood)
        self._check_discriminator()
        try_out(self, self.terms, self.data_shape)

    def _check_discriminator(self) -> None:
        pair = rows(self.data_shape), rows((self.latent_dim,))
        logits = output_of("discriminator", self.discriminator, *pair)
        if logits.shape != (ROWS,):
            raise UserError(
                f"discriminator makes {tuple(logits.shape)} of {ROWS} pairs: give one logit (batch,) for each"
            )

    @property
    def likelihood(self) -> Likelihood:
        """The module from the decoder's output to p(x|z)."""
        return self.autoencoder["likelihood"]  # type: ignore[return-value]

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x), from which one can draw."""
        context = full_precision(self.autoencoder["encoder"](x))
        return self.autoencoder["posterior"](context)  # type: ignore[no-any-return]

    def decode(self, z: Tensor) -> Distribution:
        """p(x|z) for z of shape ``(*leading, latent_dim)``."""
        return self.likelihood(decode(self.autoencoder["decoder"], z))  # type: ignore[no-any-return]

    @property
    def prior(self) -> Distribution:
        """p(z), of batch shape ``()``."""
        return self.prior_module(self.encode)  # type: ignore[no-any-return]

    @property
    def prior_module(self) -> Prior:
        """The module that :attr:`prior` is made by."""
        return self.autoencoder["prior"]  # type: ignore[return-value]

    def turns(self) -> Iterator[Turn]:
        """T's turn, then the turn of encoder and decoder."""
        yield Turn("discriminator", self.discriminator, self.discriminator_loss, self.discriminator_turns, None, ADAM)
        yield Turn("autoencoder", self.autoencoder, self.autoencoder_loss, 1, None, ADAM)

    def contrast(self, q: Distribution) -> Distribution:
        """What T compares q with: the prior, or the normal of q's estimated moments, with no gradient to them."""
        if not self.contrast_samples:
            return self.prior
        with torch.no_grad():
            z = q.sample((self.contrast_samples,))
            return Normal.from_positive(z.mean(0), z.std(0).clamp(min=1e-4))

    def log_ratio(self, x: Tensor, z: Tensor, contrast: Distribution) -> Tensor:
        """T: what the discriminator says of log q(z|x) - log contrast(z); in units of the contrast where it adapts."""
        if isinstance(contrast, Normal) and self.contrast_samples:
            z = (z - contrast.mean) / contrast.scale
        return self.discriminator(x, z)  # type: ignore[no-any-return]

    def discriminator_loss(self, batch: Batch) -> Terms:
        """-E_q[log sigmoid T] - E_contrast[log(1 - sigmoid T)] (equation 3.3, to be minimized)."""
        with torch.no_grad():
            q = self.encode(batch.x)
            contrast, z = self.contrast(q), q.sample()
            other = contrast.sample() if self.contrast_samples else contrast.sample((len(batch.x),))
        on_posterior, on_contrast = (self.log_ratio(batch.x, codes, contrast) for codes in (z, other))
        loss = F.softplus(-on_posterior).mean() + F.softplus(on_contrast).mean()
        outputs = {"output_posterior": on_posterior, "output_contrast": on_contrast}
        return {"loss": loss, **{name: logits.sigmoid().mean() for name, logits in outputs.items()}}

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Log p(x|z) and T's estimate of log q(z|x) - log p(z) at one draw z of q, each ``(batch,)`` in nats."""
        q = self.encode(x)
        contrast, z = self.contrast(q), q.sample()
        divergence = self.log_ratio(x, z, contrast)
        if self.contrast_samples:
            divergence = divergence + contrast.log_prob(z) - self.prior.log_prob(z)
        return self.decode(z).log_prob(x), divergence

    def autoencoder_loss(self, batch: Batch) -> Terms:
        """T - log p(x|z), averaged over the batch (equation 3.5)."""
        reconstruction, divergence = (term.mean() for term in self.terms(batch.x))
        terms = {"reconstruction": reconstruction, "estimated_kl": divergence}
        return {"loss": divergence - reconstruction, "estimated_elbo": reconstruction - divergence, **terms}

    def evaluate(self, batch: Batch) -> Terms:
        """Reconstruction, and KL and bound as T estimates them (no bound, where T is not optimal), ``(batch,)``."""
        reconstruction, divergence = self.terms(batch.x)
        terms = {"reconstruction": reconstruction, "estimated_kl": divergence}
        return {"estimated_elbo": reconstruction - divergence, **terms}

    def sample(self, n: int) -> Tensor:
        """Ancestral draws: z from the prior, then x from the likelihood."""
        return self.decode(self.prior.sample((n,))).sample()

    def mean(self, n: int) -> Tensor:
        """The decoder's mean at ``n`` draws of the prior."""
        return self.decode(self.prior.sample((n,))).mean
