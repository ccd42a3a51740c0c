"""The kinds of models: a file each, and this table, which flags, help, ``compare``, documents and tests derive from."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from reparam.errors import UserError
from reparam.kinds import autoencoder, avb, gan, vae, wgan
from reparam.kinds.autoencoder import AutoencoderConfig
from reparam.kinds.avb import AVBConfig
from reparam.kinds.gan import GANConfig
from reparam.kinds.kind import Kind
from reparam.kinds.vae import VAEConfig
from reparam.kinds.wgan import WGANConfig
from reparam.models.allowed import allow
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.nearest import meant
from reparam.settings import ModelConfig

KINDS: dict[str, Kind] = {module.KIND.name: module.KIND for module in (autoencoder, vae, avb, gan, wgan)}

__all__ = [
    "KINDS",
    "AVBConfig",
    "AutoencoderConfig",
    "GANConfig",
    "Kind",
    "ModelConfig",
    "VAEConfig",
    "WGANConfig",
    "add",
    "build_model",
    "guessed",
    "kind_of",
    "kind_of_settings",
    "settings_of",
]


def add(kind: Kind) -> None:
    """Set a kind of your own beside ours: for the command line, ``compare``, and what run folders are read by.

    Its model's class is built by name from then on, see :func:`reparam.models.allowed.allow`. Whoever loads a run
    of it adds it first.

    Raises:
        UserError: if another kind, or another class that folders may name, has its name.
    """
    if KINDS.get(kind.name, kind) is not kind:
        raise UserError(f"there is a kind of model {kind.name!r} already: give yours another name")
    allow(kind.model)
    KINDS[kind.name] = kind


def guessed(name: object) -> str:
    """What a name that no kind has was probably meant for, behind it in an error: a variant's settings, or a kind.

    >>> guessed("vae-vamp"), guessed("vea"), guessed("x")
    (" (that is 'vae' with prior='vamp')", " (did you mean 'vae'?)", '')
    """
    for kind in KINDS.values():
        if (variant := kind.variants.get(str(name))) is not None:
            settings = variant.model_dump(exclude_defaults=True)
            told = ", ".join(f"{key}={value!r}" for key, value in settings.items())
            return f" (that is {kind.name!r} with {told})"
    return meant(name, KINDS)


def settings_of(plain: Mapping[str, Any]) -> ModelConfig:
    """The settings that plain values hold, of the kind that they name.

    Raises:
        UserError: if there is no such kind, or a value will not do.

    >>> settings_of({"kind": "vae", "latent_dim": 2}).latent_dim
    2
    """
    name = plain.get("kind")
    if not isinstance(name, str) or name not in KINDS:
        known = ", ".join(KINDS)
        raise UserError(
            f"there is no kind of model {name!r:.80}{guessed(str(name))} among {known}: if it is your own, "
            "call reparam.kinds.add(...) first"
        )
    return KINDS[name].settings(**plain)


def kind_of(model: Model) -> Kind | None:
    """The kind that composes models of this class; None for a class of the user's own.

    >>> from reparam.models import Autoencoder
    >>> from reparam.networks import MLP
    >>> kind_of(Autoencoder(MLP(3, [2], 1), MLP(1, [2], 3), 1)).name
    'autoencoder'
    """
    return next((kind for kind in KINDS.values() if kind.model is type(model)), None)


def kind_of_settings(settings: ModelConfig) -> Kind:
    """The kind that settings belong to."""
    return next(kind for kind in KINDS.values() if isinstance(settings, kind.settings))


def build_model(settings: ModelConfig, data_shape: Sequence[int], traits: Traits | None = None) -> Model:
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
