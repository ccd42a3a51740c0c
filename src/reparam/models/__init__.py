"""Models: one file per kind, and the parts they are composed of."""

from reparam.models.gan.constraints import GradientPenalty, WeightClipping, ZeroCentred, spectrally_normalized
from reparam.models.gan.gan import GAN
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.models.gan.wgan import WGAN
from reparam.models.model import Batch, Model, Turn
from reparam.models.vae.autoencoder import Autoencoder
from reparam.models.vae.avb import AVB, PairDiscriminator
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.models.vae.hierarchical import HierarchicalPosterior, HierarchicalPrior
from reparam.models.vae.implicit import ImplicitPosterior
from reparam.models.vae.likelihoods import (
    BernoulliLikelihood,
    CategoricalLikelihood,
    ContinuousBernoulliLikelihood,
    DiscretizedLogisticLikelihood,
    NormalLikelihood,
)
from reparam.models.vae.objectives import ELBO, IWAE, DReG
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior, FullNormal
from reparam.models.vae.priors import FlowPrior, MixturePrior, StandardNormal, VampPrior
from reparam.models.vae.vae import VAE

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
    "ColumnsLikelihood",
    "ContinuousBernoulliLikelihood",
    "DReG",
    "DiagonalNormal",
    "DiscretizedLogisticLikelihood",
    "FlowPosterior",
    "FlowPrior",
    "FullNormal",
    "GradientPenalty",
    "HierarchicalPosterior",
    "HierarchicalPrior",
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
