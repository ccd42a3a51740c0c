"""What the kinds with an encoder and a decoder share: their networks and the likelihood of the data."""

from collections.abc import Callable
from typing import Annotated, Literal, TypeVar

from pydantic import Field
from torch import nn

from reparam.kinds.kind import Idle
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.models.vae.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    Likelihood,
    NormalLikelihood,
)
from reparam.networks import MLP, Affine, ConvDecoder, ConvEncoder, ResidualDecoder, ResidualEncoder
from reparam.settings import Config, Positive

PERCEPTRON_RATE, SAFE_RATE = 6e-3, 2e-3
LikelihoodName = Literal["auto", "bernoulli", "normal", "continuous-bernoulli", "discretized-logistic", "categorical"]


class NetworkConfig(Config):
    """Networks shared by every kind of model."""

    network: Literal["mlp", "conv", "residual"] = "mlp"
    """Multilayer perceptron, or convolutions, plain or in residual blocks (images from 8x8)."""
    hidden: tuple[Positive, ...] = (400,)
    """Widths of the perceptron's hidden layers; the decoder has them in reverse."""
    width: Positive = 32
    """Channels of the first convolution."""
    activation: Literal["relu", "silu", "gelu", "tanh"] = "relu"
    """The nonlinearity between layers."""
    likelihood: LikelihoodName = "auto"
    """What the decoder's output means; auto: Bernoulli for grey images, else normal with a learned variance."""
    scale: Annotated[float, Field(gt=0)] | None = None
    """Fixed standard deviation of a normal likelihood, in the data's units; learned unless given."""
    levels: Annotated[int, Field(ge=2)] = 256
    """Values of a categorical likelihood, equally spaced from 0 to 1."""


Settings = TypeVar("Settings", bound=NetworkConfig)

IDLE = (
    Idle(("hidden",), lambda s: s.network != "mlp", 'network="conv" or "residual"'),
    Idle(("width",), lambda s: s.network == "mlp", 'network="mlp"'),
    Idle(("scale",), lambda s: s.likelihood not in ("auto", "normal"), "a likelihood other than normal"),
    Idle(("levels",), lambda s: s.likelihood != "categorical", 'a likelihood other than "categorical"'),
)


def with_likelihood(settings: Settings, traits: Traits) -> Settings:
    """The settings with their likelihood decided.

    Grey images, and any data in which every value is 0 or 1, get a Bernoulli likelihood (grey values binarized
    dynamically); everything else a normal one on values as they are.
    """
    if settings.likelihood != "auto":
        return settings
    likelihood = "bernoulli" if settings.scale is None and (traits.binary or traits.grey) else "normal"
    return settings.model_copy(update={"likelihood": likelihood})


def rate(model: Model, traits: Traits) -> float:
    """The learning rate that suits: a perceptron learns three times as fast as what is safe for everything."""
    convolutions = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose1d, nn.ConvTranspose2d)
    return SAFE_RATE if any(isinstance(module, convolutions) for module in model.modules()) else PERCEPTRON_RATE


def build_encoder(config: NetworkConfig, outputs: int, traits: Traits) -> nn.Module:
    """The encoder that the settings ask for, from ``(batch, *data_shape)`` to ``(batch, outputs)``."""
    data_shape = traits.data_shape
    networks: dict[str, Callable[[], nn.Module]] = {
        "mlp": lambda: MLP(data_shape, config.hidden, outputs, config.activation),
        "conv": lambda: ConvEncoder(data_shape, outputs, config.width, config.activation),
        "residual": lambda: ResidualEncoder(data_shape, outputs, config.width, config.activation),
    }
    network = networks[config.network]()
    if config.likelihood == "bernoulli":
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
    }
    return kinds[config.likelihood]()


def _normal_likelihood(config: NetworkConfig, traits: Traits) -> NormalLikelihood:
    if config.scale is None:
        return NormalLikelihood(traits.data_shape, traits.deviation)
    return NormalLikelihood(traits.data_shape, config.scale, learned=False)
