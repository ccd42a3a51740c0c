"""Autoencoders, plain, variational and adversarial, and the parts they are composed of."""

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
    Likelihood,
    NormalLikelihood,
)
from reparam.models.vae.objectives import ELBO, IWAE, DReG
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior, FullNormal
from reparam.models.vae.priors import FlowPrior, MixturePrior, Prior, StandardNormal, VampPrior
from reparam.models.vae.vae import VAE

__all__ = [
    "AVB",
    "ELBO",
    "IWAE",
    "VAE",
    "Autoencoder",
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
    "HierarchicalPosterior",
    "HierarchicalPrior",
    "ImplicitPosterior",
    "Likelihood",
    "MixturePrior",
    "NormalLikelihood",
    "PairDiscriminator",
    "Prior",
    "StandardNormal",
    "VampPrior",
]
