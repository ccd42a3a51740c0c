"""Adversarial variational Bayes."""

from typing import Any, Literal

from reparam.kinds import networks, suiting
from reparam.kinds.kind import Idle, Kind
from reparam.kinds.networks import NetworkConfig, build_decoder, build_encoder, build_likelihood
from reparam.models.traits import Traits
from reparam.models.vae.avb import AVB, PairDiscriminator
from reparam.models.vae.implicit import ImplicitPosterior
from reparam.models.vae.priors import StandardNormal
from reparam.networks import MLP
from reparam.settings import Positive, Repeats, Several, TrainingConfig, Widths


class AVBConfig(NetworkConfig):
    """Adversarial variational Bayes: a VAE whose posterior is any function of x and noise."""

    kind: Literal["avb"] = "avb"
    latent_dim: Positive = 20
    """Width of z."""
    noise_dim: Positive = 32
    """Width of the noise that the posterior is made of."""
    context: Positive = 128
    """Numbers the encoder gives the posterior, and the discriminator's features of x."""
    posterior_hidden: Widths = (256,)
    """Widths of the hidden layers from context and noise to z."""
    discriminator_hidden: Widths = (256, 256)
    """Widths of the hidden layers from features of x and z to the log ratio."""
    adaptive_contrast: bool = False
    """Compare the posterior with the normal of its own moments instead of with the prior."""
    contrast_samples: Several = 32
    """Draws by which adaptive contrast estimates those moments."""
    discriminator_turns: Repeats = 1
    """Updates of the discriminator per update of encoder and decoder."""


def build_avb(config: AVBConfig, traits: Traits) -> AVB:
    """Adversarial variational Bayes from its settings."""
    likelihood = build_likelihood(config, traits)
    joint = MLP(config.context + config.latent_dim, config.discriminator_hidden, 1, config.activation)
    return AVB(
        build_encoder(config, config.context, traits),
        ImplicitPosterior(
            config.latent_dim, config.context, config.noise_dim, config.posterior_hidden, config.activation
        ),
        build_decoder(config, config.latent_dim, likelihood, traits),
        PairDiscriminator(build_encoder(config, config.context, traits), joint),
        StandardNormal(config.latent_dim),
        likelihood=likelihood,
        contrast_samples=config.contrast_samples if config.adaptive_contrast else 0,
        discriminator_turns=config.discriminator_turns,
    )


def _suits(model: AVB, traits: Traits, asked: TrainingConfig) -> dict[str, Any]:
    """Batches of 128 and 30 passes where there is enough data; its turns know their rates, and no bound judges it."""
    usual = networks.training(model, traits, asked, 128, least_epochs=30, least_steps=suiting.UNJUDGED)
    return {name: value for name, value in usual.items() if name not in ("learning_rate", "patience")}


KIND = Kind(
    name="avb",
    settings=AVBConfig,
    model=AVB,
    what="adversarial variational Bayes, a posterior without a density",
    examples=("reparam train avb --adaptive-contrast", "reparam train avb --latent-dim 2 --out runs/avb"),
    resolve=networks.decided,
    build=build_avb,
    training=TrainingConfig(schedule="linear", warmup=0.0),
    suits=_suits,
    idle=(
        *networks.IDLE,
        Idle(("contrast_samples",), lambda s: not s.adaptive_contrast, "adaptive_contrast=False"),
    ),
)
