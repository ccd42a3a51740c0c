"""The catalogue: from a kind's settings to its model. A new kind is one line in ``KINDS``."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from reparam import bounds
from reparam.config import AutoencoderConfig, Config, NetworkConfig, VAEConfig
from reparam.models.autoencoder import Autoencoder
from reparam.models.likelihoods import BernoulliLikelihood, Likelihood, NormalLikelihood
from reparam.models.model import Model
from reparam.models.objectives import ELBO
from reparam.models.posteriors import DiagonalNormal
from reparam.models.priors import StandardNormal
from reparam.models.vae import VAE
from reparam.networks import MLP, Affine, ConvDecoder, ConvEncoder

Units = tuple[Tensor, Tensor]
"""Mean and standard deviation of the data, see :func:`reparam.data.units`."""

UNIT: Units = (torch.tensor(0.0), torch.tensor(1.0))


def build_encoder(config: NetworkConfig, data_shape: Sequence[int], outputs: int, units: Units) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``."""
    if config.network == "conv":
        network: nn.Module = ConvEncoder(data_shape, outputs, config.width, config.activation)
    else:
        network = MLP(data_shape, config.hidden, outputs, config.activation)
    if config.likelihood == "bernoulli":
        return network
    mean, deviation = units
    return nn.Sequential(Affine(-mean / deviation, 1 / deviation), network)


def build_decoder(config: NetworkConfig, latent_dim: int, data_shape: Sequence[int], units: Units) -> nn.Module:
    """The decoder that the settings ask for, from ``(batch, latent_dim)`` to ``(batch, *data_shape)``."""
    if config.network == "conv":
        network: nn.Module = ConvDecoder(latent_dim, data_shape, config.width, config.activation)
    else:
        network = MLP(latent_dim, config.hidden[::-1], data_shape, config.activation)
    return network if config.likelihood == "bernoulli" else nn.Sequential(network, Affine(*units))


def build_likelihood(config: NetworkConfig, data_shape: Sequence[int], units: Units) -> Likelihood:
    """The likelihood that the settings ask for.

    Raises:
        KeyError: for ``auto``, which depends on the data and must be resolved before.
    """
    kinds: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": lambda: BernoulliLikelihood(data_shape),
        "normal": lambda: NormalLikelihood(data_shape, units[1]),
    }
    return kinds[config.likelihood]()


def build_autoencoder(config: AutoencoderConfig, data_shape: Sequence[int], units: Units) -> Autoencoder:
    """An autoencoder from its settings."""
    return Autoencoder(
        build_encoder(config, data_shape, config.latent_dim, units),
        build_decoder(config, config.latent_dim, data_shape, units),
        config.latent_dim,
        likelihood=build_likelihood(config, data_shape, units),
    )


def build_vae(config: VAEConfig, data_shape: Sequence[int], units: Units) -> VAE:
    """A variational autoencoder from its settings."""
    posterior = DiagonalNormal(config.latent_dim)
    kl = bounds.analytic_kl if config.kl == "analytic" else bounds.sampled_kl
    return VAE(
        build_encoder(config, data_shape, posterior.outputs, units),
        build_decoder(config, config.latent_dim, data_shape, units),
        StandardNormal(config.latent_dim),
        posterior=posterior,
        likelihood=build_likelihood(config, data_shape, units),
        objective=ELBO(config.kl_weight, config.kl_warmup, config.samples, kl),
    )


KINDS: dict[type[Config], Callable[[Any, Sequence[int], Units], Model]] = {
    AutoencoderConfig: build_autoencoder,
    VAEConfig: build_vae,
}


def build_model(config: Config, data_shape: Sequence[int], units: Units = UNIT) -> Model:
    """The model that a kind's settings describe, with fresh weights from torch's global noise.

    Args:
        config: the settings of one of ``KINDS``.
        data_shape: shape of one example.
        units: mean and standard deviation of the data, so that networks work in units of about 1 whatever the data's
            are; likelihoods stay in the data's units. Binary data have none.

    >>> build_model(VAEConfig(latent_dim=2, likelihood="bernoulli"), (1, 28, 28)).latent_dim
    2
    """
    return KINDS[type(config)](config, data_shape, units)
