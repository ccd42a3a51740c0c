"""From a game's settings to its model: players, constraint and remedies put together."""

from collections.abc import Sequence

from torch import nn

from reparam.config import GANConfig, WGANConfig
from reparam.models.constraints import (
    Constraint,
    GradientPenalty,
    WeightClipping,
    ZeroCentred,
    spectrally_normalized,
)
from reparam.models.gan import GAN, WGAN, InstanceNoise
from reparam.models.traits import Traits
from reparam.players import Conditional, conv_discriminator, conv_generator, mlp_discriminator, mlp_generator


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


def build_players(
    config: GANConfig | WGANConfig, data_shape: Sequence[int], traits: Traits
) -> tuple[nn.Module, nn.Module, int]:
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
    config: GANConfig | WGANConfig, shape: tuple[int, ...], traits: Traits, classes: int
) -> tuple[nn.Module, nn.Module]:
    low, high = traits.range
    generator = conv_generator(config.latent_dim + classes, config.width, shape, low, high, config.batch_norm)
    return generator, conv_discriminator(shape, config.width, classes)


def _mlp_players(
    config: GANConfig | WGANConfig, shape: tuple[int, ...], traits: Traits, classes: int
) -> tuple[nn.Module, nn.Module]:
    low, high = traits.range
    inputs = config.latent_dim + classes
    generator = mlp_generator(inputs, config.generator_hidden, shape, low, high, config.batch_norm)
    joined = (shape[0] + classes, *shape[1:])
    return generator, mlp_discriminator(joined, config.discriminator_hidden)


def _constraint(config: GANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    return ZeroCentred(config.r1, config.r2) if config.r1 or config.r2 else Constraint()


def _critic_constraint(config: WGANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    return Constraint() if config.spectral_norm else WeightClipping(config.clip)
