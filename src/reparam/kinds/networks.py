"""What the kinds with an encoder and a decoder share: their networks and the likelihood of the data."""

from collections.abc import Callable
from typing import Any, Literal, TypeVar

from torch import nn

from reparam.errors import UserError
from reparam.kinds import suiting
from reparam.kinds.kind import Idle
from reparam.models.traits import Traits
from reparam.models.vae.autoencoder import Autoencoder
from reparam.models.vae.avb import AVB
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.models.vae.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    Likelihood,
    NormalLikelihood,
)
from reparam.models.vae.vae import VAE
from reparam.networks import MLP, Affine, ConvDecoder, ConvEncoder, ResidualDecoder, ResidualEncoder
from reparam.settings import Above, ModelConfig, Positive, Several, TrainingConfig, Widths

WITH_NORMALS = (NormalLikelihood, ColumnsLikelihood)
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
LikelihoodName = Literal[
    "auto", "bernoulli", "normal", "continuous-bernoulli", "discretized-logistic", "categorical", "columns"
]


class NetworkConfig(ModelConfig):
    """Networks shared by every kind of model."""

    network: Literal["auto", "mlp", "conv", "residual"] = "auto"
    """Multilayer perceptron, or convolutions, plain or in residual blocks; auto: conv beyond 64x64 in colour."""
    hidden: Widths = (400,)
    """Widths of the perceptron's hidden layers; the decoder has them in reverse."""
    width: Positive = 32
    """Channels of the first convolution."""
    activation: Literal["relu", "silu", "gelu", "tanh"] = "relu"
    """The nonlinearity between layers."""
    likelihood: LikelihoodName = "auto"
    """What the decoder's output means; auto: by column for tables, Bernoulli for grey images, else normal."""
    scale: Above | None = None
    """Fixed standard deviation of a normal likelihood, in the data's units; learned unless given."""
    levels: Several = 256
    """Values of a categorical likelihood, equally spaced from 0 to 1."""


Settings = TypeVar("Settings", bound=NetworkConfig)

IDLE = (
    Idle(("hidden",), lambda s: s.network in ("conv", "residual"), 'network="conv" or "residual"'),
    Idle(("width",), lambda s: asks_for_perceptron(s), 'network="mlp"'),
    Idle(("scale",), lambda s: s.likelihood not in ("auto", "normal"), "a likelihood other than normal"),
    Idle(("levels",), lambda s: s.likelihood != "categorical", 'a likelihood other than "categorical"'),
)


def decided(settings: Settings, traits: Traits) -> Settings:
    """The settings with network and likelihood decided."""
    return with_likelihood(with_network(settings, traits), traits)


def with_network(settings: Settings, traits: Traits) -> Settings:
    """The settings with their network decided: one whose widths were given, else what suits the size of the data."""
    if settings.network != "auto":
        return settings
    given = settings.width != NetworkConfig.model_fields["width"].default
    network = "mlp" if asks_for_perceptron(settings) else "conv" if given else suiting.network(traits.data_shape)
    return settings.model_copy(update={"network": network})


def asks_for_perceptron(settings: NetworkConfig) -> bool:
    """Whether a perceptron is asked for, by its name or by the widths of its layers."""
    given = settings.hidden != NetworkConfig.model_fields["hidden"].default
    return settings.network == "mlp" or (settings.network == "auto" and given)


def with_likelihood(settings: Settings, traits: Traits) -> Settings:
    """The settings with their likelihood decided.

    Tables get a likelihood by column. Grey images, and any data in which every value is 0 or 1, get a Bernoulli one
    (grey values binarized dynamically); everything else a normal one on values as they are.

    Raises:
        UserError: if one by column is asked for, and the data are no table.
    """
    if settings.likelihood == "columns" and not traits.columns:
        raise UserError(
            'likelihood="columns" needs a table, and these data are none: leave it out, or read them with '
            'read_as="table"'
        )
    if settings.likelihood != "auto":
        return settings
    coins = "bernoulli" if traits.binary or traits.grey else "normal"
    likelihood = "normal" if settings.scale is not None else "columns" if traits.columns else coins
    return settings.model_copy(update={"likelihood": likelihood})


def training(
    model: Autoencoder | VAE | AVB,
    traits: Traits,
    asked: TrainingConfig,
    largest_batch: int = suiting.LARGEST_BATCH,
    least_epochs: int = suiting.EPOCHS,
    least_steps: int = suiting.STEPS,
) -> dict[str, Any]:
    """The training that suits a model of an encoder and a decoder, see :mod:`reparam.kinds.suiting`.

    Args:
        model: composed.
        traits: of the data.
        asked: what was asked for; the rest is suited to it.
        largest_batch: examples per batch where there are many.
        least_epochs: passes where there are many examples.
        least_steps: where there are few.
    """
    convolutional = any(isinstance(module, CONVOLUTIONS) for module in model.modules())
    batch = asked.batch_size or suiting.batch_size(traits.examples, largest_batch)
    epochs = suiting.epochs(traits.examples, batch, least_epochs, steps=least_steps)
    return {
        "batch_size": batch,
        "epochs": epochs,
        "patience": suiting.patience(traits.examples, batch, asked.epochs or epochs, asked.steps),
        "learning_rate": suiting.learning_rate(convolutional),
        "reach": suiting.reach(convolutional),
        "gradient_clip": suiting.gradient_clip(model.data_shape, isinstance(model.likelihood, WITH_NORMALS)),
    }


def build_encoder(config: NetworkConfig, outputs: int, traits: Traits) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``.

    It is given rows of a table as they are: where a cell is missing, 0 for its value, and 1 for that it is missing.
    """
    data_shape = traits.data_shape
    networks: dict[str, Callable[[], nn.Module]] = {
        "mlp": lambda: MLP(data_shape, config.hidden, outputs, config.activation),
        "conv": lambda: ConvEncoder(data_shape, outputs, config.width, config.activation),
        "residual": lambda: ResidualEncoder(data_shape, outputs, config.width, config.activation),
    }
    network = networks[config.network]()
    # zeros and ones, and rows of a table, come in units of their own
    if config.likelihood in ("bernoulli", "columns"):
        return network
    return nn.Sequential(Affine(-traits.mean / traits.deviation, 1 / traits.deviation), network)


def build_decoder(config: NetworkConfig, latent_dim: int, likelihood: Likelihood, traits: Traits) -> nn.Module:
    """The decoder that the settings ask for, from ``(batch, latent_dim)`` to ``(batch, *likelihood.output_shape)``."""
    shape = likelihood.output_shape
    networks: dict[str, Callable[[], nn.Module]] = {
        "mlp": lambda: MLP(latent_dim, config.hidden[::-1], shape, config.activation),
        "conv": lambda: ConvDecoder(latent_dim, shape, config.width, config.activation),
        "residual": lambda: ResidualDecoder(latent_dim, shape, config.width, config.activation),
    }
    network = networks[config.network]()
    # only a normal's mean is in the data's units
    return nn.Sequential(network, Affine(traits.mean, traits.deviation)) if config.likelihood == "normal" else network


def build_likelihood(config: NetworkConfig, traits: Traits) -> Likelihood:
    """The likelihood that the settings ask for.

    Raises:
        KeyError: for ``auto``, which depends on the data and must be resolved before.
    """
    data_shape = traits.data_shape
    kinds: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": lambda: BernoulliLikelihood(data_shape),
        "normal": lambda: _normal_likelihood(config, traits),
        "continuous-bernoulli": lambda: ContinuousBernoulliLikelihood(data_shape),
        "discretized-logistic": lambda: DiscretizedLogisticLikelihood(data_shape),
        "categorical": lambda: CategoricalLikelihood(data_shape, config.levels),
        "columns": lambda: ColumnsLikelihood(traits.columns),
    }
    return kinds[config.likelihood]()


def _normal_likelihood(config: NetworkConfig, traits: Traits) -> NormalLikelihood:
    if config.scale is None:
        return NormalLikelihood(traits.data_shape, traits.deviation)
    return NormalLikelihood(traits.data_shape, config.scale, learned=False)
