"""The catalogue: from a kind's settings to its model. A new kind is one line in ``KINDS``."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from reparam import bounds
from reparam.config import AutoencoderConfig, Config, GANConfig, NetworkConfig, VAEConfig, WGANConfig
from reparam.models.autoencoder import Autoencoder
from reparam.models.games import build_gan, build_wgan
from reparam.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood
from reparam.models.model import Model
from reparam.models.objectives import ELBO
from reparam.models.posteriors import DiagonalNormal
from reparam.models.priors import StandardNormal
from reparam.models.traits import Traits
from reparam.models.vae import VAE
from reparam.networks import MLP, Affine, ConvDecoder, ConvEncoder


def build_encoder(config: NetworkConfig, data_shape: Sequence[int], outputs: int, traits: Traits) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``."""
    if config.network == "conv":
        network: nn.Module = ConvEncoder(data_shape, outputs, config.width, config.activation)
    else:
        network = MLP(data_shape, config.hidden, outputs, config.activation)
    if config.likelihood == "bernoulli":
        return network
    return nn.Sequential(Affine(-traits.mean / traits.deviation, 1 / traits.deviation), network)


def build_decoder(config: NetworkConfig, latent_dim: int, data_shape: Sequence[int], traits: Traits) -> nn.Module:
    """The decoder that the settings ask for, from ``(batch, latent_dim)`` to ``(batch, *data_shape)``."""
    if config.network == "conv":
        network: nn.Module = ConvDecoder(latent_dim, data_shape, config.width, config.activation)
    else:
        network = MLP(latent_dim, config.hidden[::-1], data_shape, config.activation)
    return (
        network if config.likelihood == "bernoulli" else nn.Sequential(network, Affine(traits.mean, traits.deviation))
    )


def build_likelihood(config: NetworkConfig, data_shape: Sequence[int], traits: Traits) -> Likelihood:
    """The likelihood that the settings ask for.

    Raises:
        KeyError: for ``auto``, which depends on the data and must be resolved before.
    """
    kinds: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": lambda: BernoulliLikelihood(data_shape),
        "normal": lambda: NormalLikelihood(data_shape, traits.deviation),
    }
    return kinds[config.likelihood]()


def build_autoencoder(config: AutoencoderConfig, data_shape: Sequence[int], traits: Traits) -> Autoencoder:
    """An autoencoder from its settings."""
    return Autoencoder(
        build_encoder(config, data_shape, config.latent_dim, traits),
        build_decoder(config, config.latent_dim, data_shape, traits),
        config.latent_dim,
        likelihood=build_likelihood(config, data_shape, traits),
    )


def build_vae(config: VAEConfig, data_shape: Sequence[int], traits: Traits) -> VAE:
    """A variational autoencoder from its settings."""
    posterior = DiagonalNormal(config.latent_dim)
    kl = bounds.analytic_kl if config.kl == "analytic" else bounds.sampled_kl
    return VAE(
        build_encoder(config, data_shape, posterior.outputs, traits),
        build_decoder(config, config.latent_dim, data_shape, traits),
        StandardNormal(config.latent_dim),
        posterior=posterior,
        likelihood=build_likelihood(config, data_shape, traits),
        objective=ELBO(config.kl_weight, config.kl_warmup, config.samples, kl),
    )


KINDS: dict[type[Config], Callable[[Any, Sequence[int], Traits], Model]] = {
    AutoencoderConfig: build_autoencoder,
    VAEConfig: build_vae,
    GANConfig: build_gan,
    WGANConfig: build_wgan,
}


def build_model(config: Config, data_shape: Sequence[int], traits: Traits | None = None) -> Model:
    """The model that a kind's settings describe, with fresh weights from torch's global noise.

    Args:
        config: the settings of one of ``KINDS``.
        data_shape: shape of one example.
        traits: what the data are like; values of about 1 in no range and without classes unless given.

    >>> build_model(VAEConfig(latent_dim=2, likelihood="bernoulli"), (1, 28, 28)).latent_dim
    2
    """
    return KINDS[type(config)](config, data_shape, traits or Traits())
