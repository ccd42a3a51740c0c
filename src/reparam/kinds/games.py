"""From a game's settings to its model: players, constraint and remedies put together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from reparam.models.gan.constraints import (
    Constraint,
    GradientPenalty,
    WeightClipping,
    ZeroCentred,
    spectrally_normalized,
)
from reparam.models.gan.gan import ADAM, GAN, InstanceNoise
from reparam.models.gan.wgan import PENALIZED_ADAM, RMSPROP, WGAN
from reparam.models.traits import Traits
from reparam.networks import Affine
from reparam.networks.players import (
    Conditional,
    FourierFeatures,
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
    orthogonal,
)
from reparam.settings import GANConfig, PlayersConfig, WGANConfig


@dataclass(frozen=True)
class Defaults:
    """What suits a sort of data, where the settings leave it open.

    Args:
        latent_dim: width of z; None: as wide as the data, since no generator makes more dimensions than z has.
        generator_hidden, discriminator_hidden: widths of the perceptrons' hidden layers.
        batch_norm: whether the generator's batches are normalized.
        fourier_features: frequencies that the discriminator sees vectors by.
        penalty: R1 and R2 of the relativistic game.
        penalty_decay: what they have shrunk to when the training ends.
        penalty_hold: share of the training before they begin to.
        candidates: draws that the relativistic game chooses each sample from.
        adam: the relativistic game's optimizer.
    """

    latent_dim: int | None
    generator_hidden: tuple[int, ...]
    discriminator_hidden: tuple[int, ...]
    batch_norm: bool
    fourier_features: int
    penalty: float
    penalty_decay: float
    penalty_hold: float
    candidates: int
    adam: Mapping[str, Any]


# found on MNIST: 9 epochs at 5e-4 cover every class, 28 of the plain game at 2e-4 do not
IMAGES = Defaults(
    100, (128, 256, 512, 1024), (512, 256), True, 0, 0.1, 1.0, 0.0, 1, {"learning_rate": 5e-4, "betas": (0.5, 0.999)}
)
# found on ring and grid (recipes/toy_gans.py): depth makes the generator steep enough to leave little between modes
# (and orthogonal weights keep it from starting as a point, from which some seeds never unfold),
# Fourier features show the discriminator what is there, and a penalty that fades late lets mass flow to all modes
# before they are pinned, and the discriminator be sure of them in the end: so sure that it knows the draws between them
POINTS = Defaults(
    None, (128,) * 6, (256, 256), False, 32, 0.1, 0.0003, 0.4, 4, {"learning_rate": 2e-3, "betas": (0.0, 0.99)}
)


def defaults_for(data_shape: Sequence[int]) -> Defaults:
    """What suits data of that shape."""
    return IMAGES if len(data_shape) == 3 else POINTS


def _latent_dim(config: PlayersConfig, data_shape: Sequence[int]) -> int:
    """The width of z that was asked for, or that suits data of that shape."""
    return config.latent_dim or defaults_for(data_shape).latent_dim or data_shape[0]


def build_gan(config: GANConfig, data_shape: Sequence[int], traits: Traits) -> GAN:
    """A GAN from its settings."""
    generator, discriminator, classes = build_players(config, data_shape, traits)
    defaults = defaults_for(data_shape)
    usual = defaults.candidates if config.loss == "relativistic" else 1
    return GAN(
        generator,
        discriminator,
        _latent_dim(config, data_shape),
        tuple(data_shape),
        loss=config.loss,
        constraint=_constraint(config, defaults, traits, tuple(data_shape)),
        discriminator_turns=config.discriminator_turns,
        noise=InstanceNoise(config.instance_noise, config.noise_epochs),
        smoothing=config.label_smoothing,
        unroll=config.unroll,
        average=config.average,
        classes=classes,
        candidates=usual if config.candidates is None else config.candidates,
        optimizer=defaults.adam if config.loss == "relativistic" else ADAM,
    )


def build_wgan(config: WGANConfig, data_shape: Sequence[int], traits: Traits) -> WGAN:
    """A Wasserstein GAN from its settings."""
    generator, critic, classes = build_players(config, data_shape, traits)
    return WGAN(
        generator,
        critic,
        _latent_dim(config, data_shape),
        tuple(data_shape),
        constraint=_critic_constraint(config),
        discriminator_turns=config.critic_turns,
        average=config.average,
        classes=classes,
        optimizer=PENALIZED_ADAM if config.gradient_penalty else RMSPROP,
    )


def build_players(config: PlayersConfig, data_shape: Sequence[int], traits: Traits) -> tuple[nn.Module, nn.Module, int]:
    """Generator, discriminator, and the number of classes they are told of (0: none).

    Raises:
        UserError: if classes are asked for and the data have none.
    """
    classes = traits.require_classes() if config.conditional else 0
    build = _conv_players if config.network == "conv" else _mlp_players
    generator, discriminator = build(config, tuple(data_shape), traits, classes)
    if config.spectral_norm:
        spectrally_normalized(discriminator)
    if classes:
        return Conditional(generator, classes), Conditional(discriminator, classes), classes
    return generator, discriminator, 0


def _conv_players(
    config: PlayersConfig, shape: tuple[int, ...], traits: Traits, classes: int
) -> tuple[nn.Module, nn.Module]:
    low, high = traits.range
    inputs, batch_norm = _latent_dim(config, shape) + classes, config.batch_norm is not False
    generator = conv_generator(inputs, config.width, shape, low, high, batch_norm)
    return generator, conv_discriminator(shape, config.width, classes)


def _mlp_players(
    config: PlayersConfig, shape: tuple[int, ...], traits: Traits, classes: int
) -> tuple[nn.Module, nn.Module]:
    defaults = defaults_for(shape)
    generator = mlp_generator(
        _latent_dim(config, shape) + classes,
        config.generator_hidden or defaults.generator_hidden,
        shape,
        *traits.range,
        defaults.batch_norm if config.batch_norm is None else config.batch_norm,
    )
    hidden = config.discriminator_hidden or defaults.discriminator_hidden
    if len(shape) == 3:
        return generator, mlp_discriminator((shape[0] + classes, *shape[1:]), hidden)
    features = defaults.fourier_features if config.fourier_features is None else config.fourier_features
    return _in_units(
        orthogonal(generator), _vector_discriminator(shape[0] + classes, hidden, features), traits, shape[0], classes
    )


def _vector_discriminator(inputs: int, hidden: Sequence[int], features: int) -> nn.Sequential:
    if not features:
        return mlp_discriminator((inputs,), hidden)
    return nn.Sequential(FourierFeatures(inputs, features), mlp_discriminator((inputs + 2 * features,), hidden))


def _in_units(
    generator: nn.Module, discriminator: nn.Module, traits: Traits, dim: int, classes: int
) -> tuple[nn.Module, nn.Module]:
    """Both networks in the data's own units; labels joined to a vector are left as they are."""
    mean, deviation = traits.mean.expand(dim), traits.deviation.expand(dim)
    shift = torch.cat([-mean / deviation, torch.zeros(classes)])
    scale = torch.cat([1 / deviation, torch.ones(classes)])
    into, back = Affine(shift, scale), Affine(mean.clone(), deviation.clone())
    return nn.Sequential(generator, back), nn.Sequential(into, discriminator)


def _constraint(config: GANConfig, defaults: Defaults, traits: Traits, shape: tuple[int, ...]) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    usual = defaults.penalty if config.loss == "relativistic" else 0.0
    r1, r2 = (usual if gamma is None else gamma for gamma in (config.r1, config.r2))
    if not (r1 or r2):
        return Constraint()
    decay = defaults.penalty_decay if config.penalty_decay is None else config.penalty_decay
    hold = defaults.penalty_hold if config.penalty_hold is None else config.penalty_hold
    # images share one range and are left in it; columns of a table do not
    return ZeroCentred(r1, r2, decay, hold, unit=1.0 if len(shape) == 3 else traits.deviation)


def _critic_constraint(config: WGANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    return Constraint() if config.spectral_norm else WeightClipping(config.clip)
