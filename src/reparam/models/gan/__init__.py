"""Generative adversarial networks and what keeps them in play."""

from reparam.models.gan.constraints import (
    Constraint,
    GradientPenalty,
    WeightClipping,
    ZeroCentred,
    spectrally_normalized,
)
from reparam.models.gan.gan import GAN
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.models.gan.wgan import WGAN

__all__ = [
    "GAN",
    "WGAN",
    "Constraint",
    "GradientPenalty",
    "InstanceNoise",
    "WeightClipping",
    "ZeroCentred",
    "spectrally_normalized",
]
