"""The kinds of models: a file each, and this table, which flags, help, ``compare``, documents and tests derive from."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from reparam.kinds import autoencoder, avb, gan, vae, wgan
from reparam.kinds.autoencoder import AutoencoderConfig
from reparam.kinds.avb import AVBConfig
from reparam.kinds.gan import GANConfig
from reparam.kinds.kind import Kind
from reparam.kinds.vae import VAEConfig
from reparam.kinds.wgan import WGANConfig
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.settings import Config

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in (autoencoder, vae, avb, gan, wgan)}

ModelConfig = Annotated[AutoencoderConfig | VAEConfig | AVBConfig | GANConfig | WGANConfig, Field(discriminator="kind")]

__all__ = [
    "KINDS",
    "AVBConfig",
    "AutoencoderConfig",
    "GANConfig",
    "Kind",
    "ModelConfig",
    "VAEConfig",
    "WGANConfig",
    "build_model",
    "kind_of",
    "kind_of_settings",
]


def kind_of(model: Model) -> Kind | None:
    """The kind that composes models of this class; None for a class of the user's own.

    >>> from reparam.models import Autoencoder
    >>> from reparam.networks import MLP
    >>> kind_of(Autoencoder(MLP(3, [2], 1), MLP(1, [2], 3), 1)).name
    'autoencoder'
    """
    return next((kind for kind in KINDS.values() if kind.model is type(model)), None)


def kind_of_settings(settings: Config) -> Kind:
    """The kind that settings belong to."""
    return next(kind for kind in KINDS.values() if isinstance(settings, kind.settings))


def build_model(settings: Config, data_shape: Sequence[int], traits: Traits | None = None) -> Model:
    """The model that a kind's settings describe, with fresh weights from torch's global noise.

    Args:
        settings: of one of ``KINDS``; what they leave open is decided here.
        data_shape: shape of one example.
        traits: what the data are like; values of about 1 in no range and without classes unless given.

    >>> build_model(VAEConfig(latent_dim=2, likelihood="bernoulli"), (1, 28, 28)).latent_dim
    2
    """
    kind = kind_of_settings(settings)
    traits = replace(traits or Traits(), data_shape=tuple(data_shape))
    return kind.build(kind.resolve(settings, traits), traits)
