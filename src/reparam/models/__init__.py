"""Models: one file per kind, and the parts they are composed of."""

from reparam.models.autoencoder import Autoencoder
from reparam.models.avb import AVB, PairDiscriminator
from reparam.models.constraints import GradientPenalty, WeightClipping, ZeroCentred, spectrally_normalized
from reparam.models.gan import GAN, WGAN, InstanceNoise
from reparam.models.implicit import ImplicitPosterior
from reparam.models.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    NormalLikelihood,
)
from reparam.models.model import Batch, Model, Turn
from reparam.models.objectives import ELBO, IWAE, DReG
from reparam.models.posteriors import DiagonalNormal, FlowPosterior, FullNormal
from reparam.models.priors import FlowPrior, MixturePrior, StandardNormal, VampPrior
from reparam.models.vae import VAE

__all__ = [
    "AVB",
    "ELBO",
    "GAN",
    "IWAE",
    "VAE",
    "WGAN",
    "Autoencoder",
    "Batch",
    "BernoulliLikelihood",
    "CategoricalLikelihood",
    "ContinuousBernoulliLikelihood",
    "DReG",
    "DiagonalNormal",
    "DiscretizedLogisticLikelihood",
    "FlowPosterior",
    "FlowPrior",
    "FullNormal",
    "GradientPenalty",
    "ImplicitPosterior",
    "InstanceNoise",
    "MixturePrior",
    "Model",
    "NormalLikelihood",
    "PairDiscriminator",
    "StandardNormal",
    "Turn",
    "VampPrior",
    "WeightClipping",
    "ZeroCentred",
    "spectrally_normalized",
]
