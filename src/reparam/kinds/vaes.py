"""From the settings of an autoencoder or a VAE to the model: networks, posterior, prior, likelihood, objective."""

from collections.abc import Callable, Sequence

import torch
from torch import nn

from reparam import bounds
from reparam.errors import UserError
from reparam.models.traits import Traits
from reparam.models.vae.autoencoder import Autoencoder
from reparam.models.vae.avb import AVB, PairDiscriminator
from reparam.models.vae.implicit import ImplicitPosterior
from reparam.models.vae.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    Likelihood,
    NormalLikelihood,
)
from reparam.models.vae.objectives import ELBO, IWAE, DReG, Objective
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior, FullNormal
from reparam.models.vae.priors import FlowPrior, MixturePrior, Prior, StandardNormal, VampPrior
from reparam.models.vae.vae import VAE
from reparam.networks import MLP, Affine, ConvDecoder, ConvEncoder
from reparam.networks.residual import ResidualDecoder, ResidualEncoder
from reparam.settings import AutoencoderConfig, AVBConfig, NetworkConfig, VAEConfig

CONTEXT = 32


def build_encoder(config: NetworkConfig, data_shape: Sequence[int], outputs: int, traits: Traits) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``."""
    networks: dict[str, Callable[[], nn.Module]] = {
        "mlp": lambda: MLP(data_shape, config.hidden, outputs, config.activation),
        "conv": lambda: ConvEncoder(data_shape, outputs, config.width, config.activation),
        "residual": lambda: ResidualEncoder(data_shape, outputs, config.width, config.activation),
    }
    network = networks[config.network]()
    if config.likelihood == "bernoulli":
        return network
    return nn.Sequential(Affine(-traits.mean / traits.deviation, 1 / traits.deviation), network)


def build_decoder(config: NetworkConfig, latent_dim: int, likelihood: Likelihood, traits: Traits) -> nn.Module:
    """The decoder that the settings ask for, from ``(batch, latent_dim)`` to ``(batch, *likelihood.output_shape)``."""
    shape = likelihood.output_shape
    networks: dict[str, Callable[[], nn.Module]] = {
        "mlp": lambda: MLP(latent_dim, config.hidden[::-1], shape, config.activation),
        "conv": lambda: ConvDecoder(latent_dim, shape, config.width, config.activation),
        "residual": lambda: ResidualDecoder(latent_dim, shape, config.width, config.activation),
    }
    network = networks[config.network]()
    # only a normal's mean is in the data's units
    return nn.Sequential(network, Affine(traits.mean, traits.deviation)) if config.likelihood == "normal" else network


def build_likelihood(config: NetworkConfig, data_shape: Sequence[int], traits: Traits) -> Likelihood:
    """The likelihood that the settings ask for.

    Raises:
        KeyError: for ``auto``, which depends on the data and must be resolved before.
    """
    kinds: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": lambda: BernoulliLikelihood(data_shape),
        "normal": lambda: _normal_likelihood(config, data_shape, traits),
        "continuous-bernoulli": lambda: ContinuousBernoulliLikelihood(data_shape),
        "discretized-logistic": lambda: DiscretizedLogisticLikelihood(data_shape),
        "categorical": lambda: CategoricalLikelihood(data_shape, config.levels),
    }
    return kinds[config.likelihood]()


def _normal_likelihood(config: NetworkConfig, data_shape: Sequence[int], traits: Traits) -> NormalLikelihood:
    if config.scale is None:
        return NormalLikelihood(data_shape, traits.deviation)
    return NormalLikelihood(data_shape, config.scale, learned=False)


def build_autoencoder(config: AutoencoderConfig, data_shape: Sequence[int], traits: Traits) -> Autoencoder:
    """An autoencoder from its settings."""
    likelihood = build_likelihood(config, data_shape, traits)
    return Autoencoder(
        build_encoder(config, data_shape, config.latent_dim, traits),
        build_decoder(config, config.latent_dim, likelihood, traits),
        config.latent_dim,
        likelihood=likelihood,
    )


def build_vae(config: VAEConfig, data_shape: Sequence[int], traits: Traits) -> VAE:
    """A variational autoencoder from its settings.

    Raises:
        UserError: if parts do not go together.
    """
    check_parts(config)
    posterior = build_posterior(config)
    likelihood = build_likelihood(config, data_shape, traits)
    return VAE(
        build_encoder(config, data_shape, posterior.outputs, traits),
        build_decoder(config, config.latent_dim, likelihood, traits),
        build_prior(config, data_shape, traits),
        posterior=posterior,
        likelihood=likelihood,
        objective=build_objective(config),
    )


def check_parts(config: VAEConfig) -> None:
    """Refuse parts that do not go together, before anything is built or written.

    Raises:
        UserError: naming what would go.
    """
    flows = config.posterior in ("iaf", "spline")
    if config.prior == "vamp" and config.posterior != "diagonal":
        raise UserError('a VampPrior is a mixture of diagonal normals: use it with posterior="diagonal"')
    if config.objective == "dreg" and flows:
        raise UserError('dreg needs a normal posterior: use posterior="diagonal" or "full", or objective="iwae"')
    if config.objective != "elbo" and (config.free_bits or config.kl_warmup or config.kl_weight != 1):
        raise UserError('free bits, KL weight and warm-up weigh the ELBO\'s KL term: use them with objective="elbo"')
    if config.free_bits and (config.posterior != "diagonal" or config.prior != "standard"):
        raise UserError("free bits count the KL of each dimension: use a diagonal normal posterior, a standard prior")
    if config.objective == "elbo" and config.kl == "analytic" and not has_closed_kl(config):
        raise UserError(
            f'KL({config.posterior} posterior ‖ {config.prior} prior) has no closed form: use kl="sampled" (or "auto")'
        )


def has_closed_kl(config: VAEConfig) -> bool:
    """Whether posterior and prior are normals, whose KL has a closed form."""
    return config.posterior in ("diagonal", "full") and config.prior == "standard"


def build_avb(config: AVBConfig, data_shape: Sequence[int], traits: Traits) -> AVB:
    """Adversarial variational Bayes from its settings."""
    likelihood = build_likelihood(config, data_shape, traits)
    joint = MLP(config.context + config.latent_dim, config.discriminator_hidden, 1, config.activation)
    return AVB(
        build_encoder(config, data_shape, config.context, traits),
        ImplicitPosterior(
            config.latent_dim, config.context, config.noise_dim, config.posterior_hidden, config.activation
        ),
        build_decoder(config, config.latent_dim, likelihood, traits),
        PairDiscriminator(build_encoder(config, data_shape, config.context, traits), joint),
        StandardNormal(config.latent_dim),
        likelihood=likelihood,
        contrast_samples=config.contrast_samples if config.adaptive_contrast else 0,
        discriminator_turns=config.discriminator_turns,
    )


def build_posterior(config: VAEConfig) -> DiagonalNormal | FullNormal | FlowPosterior:
    """The posterior that the settings ask for."""
    if config.posterior == "diagonal":
        return DiagonalNormal(config.latent_dim)
    if config.posterior == "full":
        return FullNormal(config.latent_dim)
    kind = "affine" if config.posterior == "iaf" else "spline"
    return FlowPosterior(config.latent_dim, CONTEXT, config.transforms, config.flow_hidden, kind)


def build_prior(config: VAEConfig, data_shape: Sequence[int], traits: Traits) -> Prior:
    """The prior that the settings ask for."""
    kinds: dict[str, Callable[[], Prior]] = {
        "standard": lambda: StandardNormal(config.latent_dim),
        "mixture": lambda: MixturePrior(config.latent_dim, config.components),
        "vamp": lambda: _vamp_prior(config, data_shape, traits),
        "flow": lambda: FlowPrior(config.latent_dim, config.transforms, config.flow_hidden),
        "spline": lambda: FlowPrior(config.latent_dim, config.transforms, config.flow_hidden, "spline"),
    }
    return kinds[config.prior]()


def _vamp_prior(config: VAEConfig, data_shape: Sequence[int], traits: Traits) -> VampPrior:
    noise = torch.randn(config.components, *data_shape)
    return VampPrior(config.latent_dim, traits.mean + traits.deviation * noise, *traits.range)


def build_objective(config: VAEConfig) -> Objective:
    """The objective that the settings ask for."""
    if config.objective != "elbo":
        return {"iwae": IWAE, "dreg": DReG}[config.objective](config.importance_samples)
    analytic = config.kl != "sampled" and has_closed_kl(config)
    kl = bounds.analytic_kl if analytic else bounds.sampled_kl
    return ELBO(config.kl_weight, config.kl_warmup, config.samples, kl, config.free_bits)
