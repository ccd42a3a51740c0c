"""Every public model constructor, crossed with the shared contract in test_models.py."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import torch

from reparam import bounds
from reparam.distributions.columns import Category, Family, Integer, Number
from reparam.distributions.columnwise import Columns, Layout
from reparam.kinds import AutoencoderConfig, AVBConfig, GANConfig, VAEConfig, WGANConfig, build_model
from reparam.models import ELBO, VAE, Autoencoder, Batch, Model, NormalLikelihood, StandardNormal
from reparam.models.protocols import can
from reparam.models.traits import Traits
from reparam.networks import MLP, ConvDecoder, ConvEncoder


@dataclass(frozen=True)
class Entry:
    """A constructor and what its data are."""

    name: str
    build: Callable[[], Model]
    binary: bool = True
    classes: int = 0
    columns: tuple[Family, ...] = ()

    def __str__(self) -> str:
        return self.name

    def batch(self, model: Model, n: int = 6) -> Batch:
        """Examples of such data from torch's global noise, and labels where there are classes."""
        y = torch.arange(n) % self.classes if self.classes else None
        if self.columns:
            layout = Layout(self.columns)
            return Batch(Columns(layout, torch.zeros(n, layout.width), torch.zeros(len(layout.scaled))).sample(), y)
        x = torch.rand(n, *model.data_shape)
        return Batch((x > 0.5).float() if self.binary else x, y)


def _configured(config, shape, binary=True):
    network = f"{config.network}-{config.likelihood}"
    name = f"{config.kind}-{network}-{'x'.join(map(str, shape))}-latent{config.latent_dim}"
    return Entry(name, lambda: build_model(config, shape), binary)


SHAPES = [(1, 8, 8), (3, 9, 14)]
CONFIGURED = [
    _configured(kind(network=network, likelihood=likelihood, hidden=(12,), width=3, latent_dim=latent), shape, binary)
    for kind in (AutoencoderConfig, VAEConfig)
    for network in ("mlp", "conv", "residual")
    for likelihood, binary in (("bernoulli", True), ("normal", False))
    for shape in SHAPES
    for latent in (1, 4)
]

VAE_SETTINGS = [
    {"posterior": "full"},
    {"posterior": "iaf", "transforms": 1, "flow_hidden": (8,)},
    {"posterior": "spline", "transforms": 1, "flow_hidden": (8,)},
    {"prior": "mixture", "components": 3},
    {"prior": "vamp", "components": 3},
    {"prior": "flow", "transforms": 1, "flow_hidden": (8,)},
    {"prior": "spline", "transforms": 1, "flow_hidden": (8,)},
    {"posterior": "hierarchical", "prior": "hierarchical", "layers": 3, "layer_hidden": (8,)},
    {"prior": "hierarchical", "layer_hidden": (8,)},
    {"posterior": "hierarchical", "objective": "dreg", "importance_samples": 3, "layer_hidden": (8,)},
    {"objective": "iwae", "importance_samples": 3},
    {"objective": "dreg", "importance_samples": 3, "posterior": "full", "prior": "mixture", "components": 2},
    {"free_bits": 0.1, "kl_warmup": 1.0},
    {"likelihood": "continuous-bernoulli"},
    {"likelihood": "discretized-logistic"},
    {"likelihood": "categorical", "levels": 5},
    {"likelihood": "normal", "scale": 0.3},
]
AVB_SETTINGS = [{}, {"adaptive_contrast": True, "contrast_samples": 4}]


def _of_parts(kind, settings, shape, network):
    usual = {"likelihood": "bernoulli", "hidden": (12,), "width": 3, "latent_dim": 3, "network": network}
    config = kind(**{**usual, **settings})
    words = "-".join(f"{name}={value}" for name, value in settings.items())
    name = f"{config.kind}-{'x'.join(map(str, shape))}-{network}-{words}"
    return Entry(name, lambda: build_model(config, shape), config.likelihood == "bernoulli")


PARTS = [
    _of_parts(kind, settings, shape, network)
    for kind, choices in ((VAEConfig, VAE_SETTINGS), (AVBConfig, AVB_SETTINGS))
    for settings in choices
    for network, shape in (("mlp", (1, 8, 8)), ("conv", (3, 9, 14)))
]

COMPOSED = [
    Entry("vae-vector", lambda: VAE(MLP(5, [6], 4), MLP(2, [6], 5), StandardNormal(2))),
    Entry(
        "vae-sampled-kl-3-samples",
        lambda: VAE(
            ConvEncoder((1, 8, 8), 4, 2),
            ConvDecoder(2, (1, 8, 8), 2),
            StandardNormal(2),
            objective=ELBO(samples=3, kl=bounds.sampled_kl, kl_warmup=2.0),
        ),
    ),
    Entry(
        "autoencoder-squared-error",
        lambda: Autoencoder(MLP(5, [6], 2), MLP(2, [6], 5), 2, likelihood=NormalLikelihood((5,), learned=False)),
        binary=False,
    ),
]

GAN_SETTINGS = [
    {},
    {"loss": "minimax", "label_smoothing": 0.1, "average": 0.0},
    {"loss": "least-squares", "gradient_penalty": 1.0},
    {"loss": "non-saturating"},
    {"loss": "hinge", "spectral_norm": True},
    {"loss": "relativistic", "r1": 1.0, "r2": 1.0, "batch_norm": False},
    {"unroll": 2, "instance_noise": 0.1},
    {"conditional": True, "discriminator_turns": 2, "candidates": 3},
    {"conditional": True, "discriminator_turns": 2, "shared_samples": True},
]
WGAN_SETTINGS = [
    {},
    {"gradient_penalty": 10.0},
    {"spectral_norm": True},
    {"conditional": True},
    {"shared_samples": True},
]


def _game(config, shape):
    traits = Traits(range=(0.0, 1.0), classes=3)
    words = "-".join(f"{name}={value}" for name, value in config.model_dump(exclude_defaults=True).items())
    shape_name = "x".join(map(str, shape))
    return Entry(f"{config.kind}-{shape_name}-{words}", lambda: build_model(config, shape, traits), False, 3)


GAMES = [
    _game(
        kind(network=network, width=2, generator_hidden=(8, 8), discriminator_hidden=(8,), latent_dim=3, **settings),
        shape,
    )
    for kind, choices in ((GANConfig, GAN_SETTINGS), (WGANConfig, WGAN_SETTINGS))
    for settings in choices
    for network in ("mlp", "conv")
    for shape in SHAPES
]

MIXED = (
    Number(missing=True),
    Category(levels=3),
    Integer(low=0, high=9, scale=3.0, offset=4.0, owns_above=False),
    Number(transform="quantile", knots=((0.0, -2.0), (1.0, 0.0), (7.0, 2.0))),
    Category(levels=3, missing=True),
    Integer(low=0, high=1, missing=True),
)
NUMBERS = (Number(), Number(transform="log", scale=0.5))
WORDS = (Category(levels=2), Category(levels=4, missing=True))
TABLE_SETTINGS = [
    (AutoencoderConfig, {"hidden": (12,)}),
    (VAEConfig, {"hidden": (12,)}),
    (VAEConfig, {"hidden": (12,), "objective": "iwae", "importance_samples": 3, "prior": "vamp", "components": 3}),
    (AVBConfig, {"hidden": (12,)}),
    *((GANConfig, settings) for settings in GAN_SETTINGS),
    *((WGANConfig, settings) for settings in WGAN_SETTINGS),
]


def _of_table(kind, settings, name, families):
    small = {"generator_hidden": (8, 8), "discriminator_hidden": (8,)} if kind in (GANConfig, WGANConfig) else {}
    config = kind(latent_dim=3, **small, **settings)
    width = Layout(families).width
    traits = Traits(torch.zeros(width), torch.ones(width), classes=3, columns=families)
    words = "-".join(f"{key}={value}" for key, value in settings.items())
    classes = 3 if small else 0
    return Entry(
        f"{config.kind}-{name}-{words}", lambda: build_model(config, (width,), traits), False, classes, families
    )


OF_TABLES = [
    *(_of_table(kind, settings, "mixed", MIXED) for kind, settings in TABLE_SETTINGS),
    *(
        _of_table(kind, {}, name, families)
        for kind in (VAEConfig, GANConfig)
        for name, families in (("numbers", NUMBERS), ("words", WORDS))
    ),
]

CATALOGUE = [*CONFIGURED, *PARTS, *COMPOSED, *GAMES, *OF_TABLES]


@cache
def example(entry: Entry) -> Model:
    """One model of a constructor, built once: to be looked at, not trained."""
    return entry.build()


def capable(*capabilities: type) -> list[Entry]:
    """The constructors whose models have all of some capabilities, so that no case of a test is vacuous."""
    return [entry for entry in CATALOGUE if all(can(example(entry), capability) for capability in capabilities)]
