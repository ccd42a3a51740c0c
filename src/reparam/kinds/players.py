"""What the kinds of two players share: generator and discriminator, and what suits images and points."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import torch
from pydantic import Field
from torch import nn

from reparam.kinds import suiting
from reparam.kinds.kind import Idle
from reparam.models.gan.constraints import spectrally_normalized
from reparam.models.gan.usual import RELATIVISTIC_ADAM
from reparam.models.traits import Traits
from reparam.networks import Affine, ColumnsHead
from reparam.networks.players import (
    Conditional,
    FourierFeatures,
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
    orthogonal,
)
from reparam.settings import Count, ModelConfig, NotNegative, Positive, TrainingConfig, Widths


class PlayersConfig(ModelConfig):
    """What every game's two players have in common."""

    latent_dim: Positive | None = None
    """Width of the noise z; unless given, 100 for images, and for vectors their own width."""
    network: Literal["auto", "mlp", "conv"] = "auto"
    """Multilayer perceptrons, or convolutions (images from 8x8); auto: convolutions for images beyond 32x32 in grey."""
    generator_hidden: Widths | None = None
    """Widths of the generator's hidden layers; unless given, 128 256 512 1024 for images and six of 128 for points."""
    discriminator_hidden: Widths | None = None
    """Widths of the discriminator's or critic's; unless given, 512 256 for images and 256 256 for points."""
    width: Positive = 32
    """Channels of the first convolution."""
    batch_norm: bool | None = None
    """Normalize batches within the generator; unless given, for images."""
    fourier_features: Count | None = None
    """Random frequencies the discriminator or critic sees vectors by; 32 for points unless given."""
    conditional: bool = False
    """Tell both players the class."""
    gradient_penalty: NotNegative = 0.0
    """Weight of the penalty on gradient norms other than 1 at interpolates (10 is usual)."""
    spectral_norm: bool = False
    """Divide the discriminator's or critic's layers by their spectral norm."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the moving average of the generator that is sampled from; 0: none."""
    shared_samples: bool = False
    """The generator moves by the samples that the discriminator was shown last: one pass through it less in a step."""


Settings = TypeVar("Settings", bound=PlayersConfig)

IDLE = (
    Idle(
        ("generator_hidden", "discriminator_hidden", "fourier_features"),
        lambda s: s.network == "conv",
        'network="conv"',
    ),
    Idle(("width",), lambda s: asks_for_perceptrons(s), 'network="mlp"'),
)


def asks_for_perceptrons(settings: PlayersConfig) -> bool:
    """Whether perceptrons are asked for, by their name or by what only they have."""
    theirs = (settings.generator_hidden, settings.discriminator_hidden, settings.fourier_features)
    return settings.network == "mlp" or (settings.network == "auto" and any(given is not None for given in theirs))


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


IMAGES = Defaults(100, (128, 256, 512, 1024), (512, 256), True, 0, 0.1, 1.0, 0.0, 1, RELATIVISTIC_ADAM)
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


def with_players(settings: Settings, traits: Traits) -> Settings:
    """The settings with the players' network and widths decided by what the data are."""
    suits = defaults_for(traits.data_shape)
    if settings.network == "auto":
        settings = settings.model_copy(update={"network": _network(settings, traits)})
    usual: dict[str, Any] = {
        "latent_dim": suits.latent_dim or traits.data_shape[0],
        "batch_norm": suits.batch_norm or settings.network == "conv",
    }
    if settings.network == "mlp":
        usual |= {"generator_hidden": suits.generator_hidden, "discriminator_hidden": suits.discriminator_hidden}
        usual |= {"fourier_features": suits.fourier_features}
    return decided(settings, usual)


def _network(settings: PlayersConfig, traits: Traits) -> Literal["mlp", "conv"]:
    """The network whose widths were given, else the one that suits the size of the data."""
    if asks_for_perceptrons(settings):
        return "mlp"
    given = settings.width != PlayersConfig.model_fields["width"].default
    return "conv" if given else suiting.players(traits.data_shape)


def training(traits: Traits, asked: TrainingConfig, least_epochs: int, discriminator_turns: int) -> dict[str, Any]:
    """The length of a game's training: passes where there are many examples, steps where there are few.

    Args:
        traits: of the data.
        asked: what was asked for; the batch size is the kind's own unless it was.
        least_epochs: passes where there are many examples.
        discriminator_turns: updates of the discriminator in a step, each on a batch of its own.
    """
    batch = asked.batch_size or suiting.LARGEST_BATCH
    return {"epochs": suiting.epochs(traits.examples, batch, least_epochs, discriminator_turns)}


def decided(settings: Settings, usual: Mapping[str, Any]) -> Settings:
    """The settings with values in the place of what was left open."""
    return settings.model_copy(update={k: v for k, v in usual.items() if getattr(settings, k) is None})


def build_head(traits: Traits) -> nn.Module | None:
    """What makes rows of a table of a generator's output; None where data are no table."""
    return ColumnsHead(traits.columns) if traits.columns else None


def build_players(config: PlayersConfig, traits: Traits) -> tuple[nn.Module, nn.Module, int]:
    """Generator, discriminator, and the number of classes they are told of (0: none).

    Raises:
        UserError: if classes are asked for and the data have none.
    """
    classes = traits.require_classes() if config.conditional else 0
    build = _conv_players if config.network == "conv" else _mlp_players
    generator, discriminator = build(config, traits, classes)
    if config.spectral_norm:
        spectrally_normalized(discriminator)
    if traits.wide is not None:
        discriminator = _from_black_to_white(discriminator, traits, classes)
    if classes:
        return Conditional(generator, classes), Conditional(discriminator, classes), classes
    return generator, discriminator, 0


def _conv_players(config: PlayersConfig, traits: Traits, classes: int) -> tuple[nn.Module, nn.Module]:
    shape, inputs = traits.data_shape, _wide(config.latent_dim) + classes
    generator = conv_generator(inputs, config.width, shape, *traits.range, bool(config.batch_norm))
    return generator, conv_discriminator(shape, config.width, classes)


def _mlp_players(config: PlayersConfig, traits: Traits, classes: int) -> tuple[nn.Module, nn.Module]:
    shape, inputs = traits.data_shape, _wide(config.latent_dim) + classes
    hidden, opposite = config.generator_hidden or (), config.discriminator_hidden or ()
    bounds = (-math.inf, math.inf) if traits.columns else traits.range
    generator = mlp_generator(inputs, hidden, shape, *bounds, bool(config.batch_norm))
    if len(shape) == 3:
        return generator, mlp_discriminator((shape[0] + classes, *shape[1:]), opposite)
    discriminator = _vector_discriminator(shape[0] + classes, opposite, config.fourier_features or 0)
    if traits.columns:  # rows come in units of their own
        return orthogonal(generator), discriminator
    return _in_units(orthogonal(generator), discriminator, traits, shape[0], classes)


def _from_black_to_white(discriminator: nn.Module, traits: Traits, classes: int) -> nn.Module:
    """A discriminator that sees images from 0 to 1, whatever their numbers; labels joined as channels are left."""
    assert traits.wide is not None, "images of other numbers"
    low, channels = traits.range[0], traits.data_shape[0]
    shift = torch.cat([torch.full((channels, 1, 1), -low / traits.wide), torch.zeros(classes, 1, 1)])
    scale = torch.cat([torch.full((channels, 1, 1), 1 / traits.wide), torch.ones(classes, 1, 1)])
    return nn.Sequential(Affine(shift, scale), discriminator)


def _wide(latent_dim: int | None) -> int:
    """The width of z, which resolved settings have decided."""
    assert latent_dim is not None
    return latent_dim


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
