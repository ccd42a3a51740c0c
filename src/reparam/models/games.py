"""From a game's settings to its model: players, constraint and remedies put together."""

from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from reparam.config import GANConfig, PlayersConfig, WGANConfig
from reparam.models.constraints import (
    Constraint,
    GradientPenalty,
    WeightClipping,
    ZeroCentred,
    spectrally_normalized,
)
from reparam.models.gan import ADAM, GAN, WGAN, InstanceNoise
from reparam.models.traits import Traits
from reparam.players import Conditional, conv_discriminator, conv_generator, mlp_discriminator, mlp_generator


@dataclass(frozen=True)
class Players:
    """Perceptrons for a sort of data, where the settings leave them open."""

    generator_hidden: tuple[int, ...]
    discriminator_hidden: tuple[int, ...]
    batch_norm: bool


IMAGES = Players((128, 256, 512, 1024), (512, 256), batch_norm=True)
POINTS = Players((128, 128), (128, 128), batch_norm=False)
RELATIVISTIC_PENALTY = 0.1
# found on MNIST: 9 epochs at 5e-4 cover every class, 28 of the plain game at 2e-4 do not
RELATIVISTIC_ADAM = {"learning_rate": 5e-4, "betas": (0.5, 0.999)}


def build_gan(config: GANConfig, data_shape: Sequence[int], traits: Traits) -> GAN:
    """A GAN from its settings."""
    generator, discriminator, classes = build_players(config, data_shape, traits)
    return GAN(
        generator,
        discriminator,
        config.latent_dim,
        tuple(data_shape),
        loss=config.loss,
        constraint=_constraint(config),
        discriminator_turns=config.discriminator_turns,
        noise=InstanceNoise(config.instance_noise, config.noise_epochs),
        smoothing=config.label_smoothing,
        unroll=config.unroll,
        average=config.average,
        classes=classes,
        optimizer=RELATIVISTIC_ADAM if config.loss == "relativistic" else ADAM,
    )


def build_wgan(config: WGANConfig, data_shape: Sequence[int], traits: Traits) -> WGAN:
    """A Wasserstein GAN from its settings."""
    generator, critic, classes = build_players(config, data_shape, traits)
    return WGAN(
        generator,
        critic,
        config.latent_dim,
        tuple(data_shape),
        constraint=_critic_constraint(config),
        discriminator_turns=config.critic_turns,
        average=config.average,
        classes=classes,
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
    batch_norm = config.batch_norm is not False
    generator = conv_generator(config.latent_dim + classes, config.width, shape, low, high, batch_norm)
    return generator, conv_discriminator(shape, config.width, classes)


def _mlp_players(
    config: PlayersConfig, shape: tuple[int, ...], traits: Traits, classes: int
) -> tuple[nn.Module, nn.Module]:
    defaults = IMAGES if len(shape) == 3 else POINTS
    generator = mlp_generator(
        config.latent_dim + classes,
        config.generator_hidden or defaults.generator_hidden,
        shape,
        *traits.range,
        defaults.batch_norm if config.batch_norm is None else config.batch_norm,
    )
    joined = (shape[0] + classes, *shape[1:])
    return generator, mlp_discriminator(joined, config.discriminator_hidden or defaults.discriminator_hidden)


def _constraint(config: GANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    usual = RELATIVISTIC_PENALTY if config.loss == "relativistic" else 0.0
    r1, r2 = (usual if gamma is None else gamma for gamma in (config.r1, config.r2))
    return ZeroCentred(r1, r2) if r1 or r2 else Constraint()


def _critic_constraint(config: WGANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    return Constraint() if config.spectral_norm else WeightClipping(config.clip)
