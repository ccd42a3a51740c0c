"""Models: one file per kind, and the parts they are composed of."""

from reparam.models.autoencoder import Autoencoder
from reparam.models.constraints import GradientPenalty, WeightClipping, ZeroCentred, spectrally_normalized
from reparam.models.gan import GAN, WGAN, InstanceNoise
from reparam.models.likelihoods import BernoulliLikelihood, NormalLikelihood
from reparam.models.model import Batch, Model, Turn
from reparam.models.objectives import ELBO
from reparam.models.posteriors import DiagonalNormal
from reparam.models.priors import StandardNormal
from reparam.models.vae import VAE

__all__ = [
    "ELBO",
    "GAN",
    "VAE",
    "WGAN",
    "Autoencoder",
    "Batch",
    "BernoulliLikelihood",
    "DiagonalNormal",
    "GradientPenalty",
    "InstanceNoise",
    "Model",
    "NormalLikelihood",
    "StandardNormal",
    "Turn",
    "WeightClipping",
    "ZeroCentred",
    "spectrally_normalized",
]
