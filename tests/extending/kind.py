"""The kind of that model: its settings, and how it is composed from them."""

from typing import Annotated, Literal

from pydantic import Field

from extending.model import Cloud
from reparam.kinds import Kind, ModelConfig
from reparam.settings import TrainingConfig


class CloudConfig(ModelConfig):
    """A cloud of points."""

    kind: Literal["cloud"] = "cloud"
    least_deviation: Annotated[float, Field(gt=0)] = 0.01
    """Smallest standard deviation of a value."""


KIND = Kind(
    name="cloud",
    settings=CloudConfig,
    model=Cloud,
    what="a normal distribution of every value by itself",
    examples=("reparam train cloud --least-deviation 0.1",),
    resolve=lambda settings, traits: settings,
    build=lambda settings, traits: Cloud(traits.data_shape, settings.least_deviation),
    training=TrainingConfig(learning_rate=0.05),
    variants={"cloud-wide": CloudConfig(least_deviation=2.0)},
)
