"""The catalogue: from a kind's settings to its model. A new kind is one line in ``KINDS``."""

from collections.abc import Callable, Sequence
from typing import Any

from torch import nn

from reparam import bounds
from reparam.config import AutoencoderConfig, Config, NetworkConfig, VAEConfig
from reparam.models.autoencoder import Autoencoder
from reparam.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood
from reparam.models.model import Model
from reparam.models.objectives import ELBO
from reparam.models.posteriors import DiagonalNormal
from reparam.models.priors import StandardNormal
from reparam.models.vae import VAE
from reparam.networks import MLP, ConvDecoder, ConvEncoder


def build_encoder(config: NetworkConfig, data_shape: Sequence[int], outputs: int) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``."""
    if config.network == "conv":
        return ConvEncoder(data_shape, outputs, config.width, config.activation)
    return MLP(data_shape, config.hidden, outputs, config.activation)


def build_decoder(config: NetworkConfig, latent_dim: int, data_shape: Sequence[int]) -> nn.Module:
    """The decoder that the settings ask for, from ``(batch, latent_dim)`` to ``(batch, *data_shape)``."""
    if config.network == "conv":
        return ConvDecoder(latent_dim, data_shape, config.width, config.activation)
    return MLP(latent_dim, config.hidden[::-1], data_shape, config.activation)


def build_likelihood(config: NetworkConfig, data_shape: Sequence[int]) -> Likelihood:
    """The likelihood that the settings ask for (``auto`` must be resolved before: it depends on the data)."""
    kinds: dict[str, type[Likelihood]] = {"bernoulli": BernoulliLikelihood, "normal": NormalLikelihood}
    return kinds[config.likelihood](data_shape)


def build_autoencoder(config: AutoencoderConfig, data_shape: Sequence[int]) -> Autoencoder:
    """An autoencoder from its settings."""
    return Autoencoder(
        build_encoder(config, data_shape, config.latent_dim),
        build_decoder(config, config.latent_dim, data_shape),
        config.latent_dim,
        likelihood=build_likelihood(config, data_shape),
    )


def build_vae(config: VAEConfig, data_shape: Sequence[int]) -> VAE:
    """A variational autoencoder from its settings."""
    posterior = DiagonalNormal(config.latent_dim)
    kl = bounds.analytic_kl if config.kl == "analytic" else bounds.sampled_kl
    return VAE(
        build_encoder(config, data_shape, posterior.outputs),
        build_decoder(config, config.latent_dim, data_shape),
        StandardNormal(config.latent_dim),
        posterior=posterior,
        likelihood=build_likelihood(config, data_shape),
        objective=ELBO(config.kl_weight, config.kl_warmup, config.samples, kl),
    )


KINDS: dict[type[Config], Callable[[Any, Sequence[int]], Model]] = {
    AutoencoderConfig: build_autoencoder,
    VAEConfig: build_vae,
}


def build_model(config: Config, data_shape: Sequence[int]) -> Model:
    """The model that a kind's settings describe, with fresh weights from torch's global noise.

    >>> build_model(VAEConfig(latent_dim=2, likelihood="bernoulli"), (1, 28, 28)).latent_dim
    2
    """
    return KINDS[type(config)](config, data_shape)
