"""The generative adversarial network."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from reparam import checks
from reparam.adversarial import LOSSES
from reparam.kinds.kind import Idle, Kind
from reparam.kinds.players import (
    IDLE,
    Defaults,
    PlayersConfig,
    build_head,
    build_players,
    decided,
    defaults_for,
    training,
    with_players,
)
from reparam.models.gan.constraints import Constraint, GradientPenalty, ZeroCentred
from reparam.models.gan.gan import GAN
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.models.gan.usual import ADAM
from reparam.models.traits import Traits
from reparam.settings import Above, NotNegative, Repeats, TrainingConfig


class GANConfig(PlayersConfig):
    """A generative adversarial network."""

    kind: Literal["gan"] = "gan"
    loss: str = "relativistic"
    """The game: minimax, non-saturating, least-squares, hinge or relativistic; this with its penalties is R3GAN's."""
    r1: NotNegative | None = None
    """Weight (gamma) of the zero-centred gradient penalty on real examples; relativistic: 0.1, else 0."""
    r2: NotNegative | None = None
    """Weight (gamma) of the zero-centred gradient penalty on generated examples; likewise."""
    penalty_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    """What R1 and R2 shrink to, geometrically, by the end; 1 for images and 0.0003 for points unless given."""
    penalty_hold: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the training before R1 and R2 begin to shrink; 0 for images and 0.4 for points unless given."""
    instance_noise: NotNegative = 0.0
    """Standard deviation of the noise on the discriminator's inputs at the start."""
    noise_epochs: Above = 10.0
    """Epochs until that noise has vanished."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """One-sided label smoothing: real examples' targets are 1 minus this."""
    unroll: Annotated[int, Field(ge=0, le=1000)] = 0
    """Discriminator updates the generator looks ahead."""
    discriminator_turns: Repeats = 1
    """Updates of the discriminator per update of the generator."""
    candidates: Repeats | None = None
    """Draws that each sample is chosen from by the discriminator; 4 for points in the relativistic game, else 1."""

    @field_validator("loss")
    @classmethod
    def _is_there(cls, loss: str) -> str:
        """Games of critics are the kind wgan's."""
        return checks.one_of("loss", loss, [name for name, game in LOSSES.items() if not game.critic])


def build_gan(config: GANConfig, traits: Traits) -> GAN:
    """A GAN from its resolved settings."""
    generator, discriminator, classes = build_players(config, traits)
    return GAN(
        generator,
        discriminator,
        config.latent_dim or 0,
        traits.data_shape,
        loss=config.loss,
        constraint=_constraint(config, traits),
        discriminator_turns=config.discriminator_turns,
        noise=InstanceNoise(config.instance_noise, config.noise_epochs) if config.instance_noise else None,
        smoothing=config.label_smoothing,
        unroll=config.unroll,
        average=config.average,
        classes=classes,
        shared_samples=config.shared_samples,
        head=build_head(traits),
        candidates=config.candidates or 1,
        optimizer=defaults_for(traits.data_shape).adam if config.loss == "relativistic" else ADAM,
    )


def _constraint(config: GANConfig, traits: Traits) -> Constraint:
    if config.gradient_penalty:
        return GradientPenalty(config.gradient_penalty)
    r1, r2 = config.r1 or 0.0, config.r2 or 0.0
    if not (r1 or r2):
        return Constraint()
    decay, hold = (1.0 if config.penalty_decay is None else config.penalty_decay), config.penalty_hold or 0.0
    # images share one range and are left in it, rows of a table come in units of their own; other vectors do neither
    unit = (traits.wide or 1.0) if traits.is_image or traits.columns else traits.deviation
    return ZeroCentred(r1, r2, decay, hold, unit=unit)


def _resolve(settings: GANConfig, traits: Traits) -> GANConfig:
    suits: Defaults = defaults_for(traits.data_shape)
    relativistic = settings.loss == "relativistic"
    penalty = suits.penalty if relativistic and not settings.gradient_penalty else 0.0
    usual: dict[str, Any] = {"r1": penalty, "r2": penalty, "candidates": suits.candidates if relativistic else 1}
    settings = decided(with_players(settings, traits), usual)
    if not (settings.r1 or settings.r2):
        return settings
    return decided(settings, {"penalty_decay": suits.penalty_decay, "penalty_hold": suits.penalty_hold})


KIND = Kind(
    name="gan",
    settings=GANConfig,
    model=GAN,
    what="a generator against a discriminator",
    examples=(
        "reparam train gan --out runs/gan",
        "reparam train gan --loss minimax --instance-noise 0.1",
        "reparam train gan --loss hinge --spectral-norm --network conv",
        "reparam train gan --conditional --out runs/told, then reparam sample runs/told --label 7",
    ),
    resolve=_resolve,
    build=build_gan,
    training=TrainingConfig(batch_size=128, schedule="linear", warmup=0.0),
    suits=lambda model, traits, asked: training(
        traits, asked, 16 if traits.is_image else 36, model.discriminator_turns
    ),
    idle=(
        *IDLE,
        Idle(
            ("r1", "r2", "penalty_decay", "penalty_hold"),
            lambda s: s.gradient_penalty > 0,
            "gradient_penalty, which takes the place of R1 and R2",
        ),
        Idle(
            ("penalty_decay", "penalty_hold"),
            lambda s: s.loss != "relativistic" and not s.r1 and not s.r2,
            "neither r1 nor r2",
        ),
        Idle(("noise_epochs",), lambda s: s.instance_noise == 0, "instance_noise=0"),
    ),
    variants={"gan-plain": GANConfig(loss="non-saturating")},
)
