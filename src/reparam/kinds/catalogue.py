"""The catalogue: from a kind's settings to its model. A new kind is one line in ``KINDS``."""

from collections.abc import Callable, Sequence
from typing import Any

from reparam.kinds.games import build_gan, build_wgan
from reparam.kinds.vaes import build_autoencoder, build_avb, build_vae
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.settings import AutoencoderConfig, AVBConfig, Config, GANConfig, VAEConfig, WGANConfig

KINDS: dict[type[Config], Callable[[Any, Sequence[int], Traits], Model]] = {
    AutoencoderConfig: build_autoencoder,
    VAEConfig: build_vae,
    AVBConfig: build_avb,
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
