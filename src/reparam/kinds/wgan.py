"""The Wasserstein GAN."""

from typing import Literal

from reparam.kinds.kind import Idle, Kind
from reparam.kinds.players import IDLE, PlayersConfig, build_head, build_players, training, with_players
from reparam.models.gan.constraints import Constraint, GradientPenalty, WeightClipping
from reparam.models.gan.wgan import WGAN
from reparam.models.traits import Traits
from reparam.settings import Above, Repeats, TrainingConfig


class WGANConfig(PlayersConfig):
    """A Wasserstein GAN; a gradient penalty or spectral normalization takes the place of clipping."""

    kind: Literal["wgan"] = "wgan"
    clip: Above = 0.01
    """Bound on every weight of the critic."""
    critic_turns: Repeats = 5
    """Updates of the critic per update of the generator."""


def build_wgan(config: WGANConfig, traits: Traits) -> WGAN:
    """A Wasserstein GAN from its resolved settings."""
    generator, critic, classes = build_players(config, traits)
    return WGAN(
        generator,
        critic,
        config.latent_dim or 0,
        traits.data_shape,
        constraint=_constraint(config),
        discriminator_turns=config.critic_turns,
        average=config.average,
        classes=classes,
        shared_samples=config.shared_samples,
        head=build_head(traits),
    )


def _constraint(config: WGANConfig) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    return Constraint() if config.spectral_norm else WeightClipping(config.clip)


KIND = Kind(
    name="wgan",
    settings=WGANConfig,
    model=WGAN,
    what="a generator against a critic that estimates a Wasserstein distance",
    examples=("reparam train wgan --clip 0.01", "reparam train wgan --gradient-penalty 10"),
    resolve=with_players,
    build=build_wgan,
    training=TrainingConfig(batch_size=64, schedule="constant", warmup=0.0),
    # clipping is slow: after 1,100 updates of the generator (14 epochs at batch 128) samples are still blobs
    suits=lambda model, traits, asked: training(traits, asked, 60, model.discriminator_turns),
    idle=(
        *IDLE,
        Idle(("clip",), lambda s: s.gradient_penalty > 0, "gradient_penalty, which takes its place"),
        Idle(("clip",), lambda s: s.spectral_norm, "spectral_norm, which takes its place"),
    ),
    variants={"wgan-gp": WGANConfig(gradient_penalty=10.0)},
)
