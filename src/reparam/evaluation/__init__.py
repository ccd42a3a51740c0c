"""Evaluation: what a trained model knows, as numbers that plots and reports then draw."""

from reparam.evaluation.interpolation import Interpolation, interpolate
from reparam.evaluation.latent_space import Latents, Manifold, latents, manifold
from reparam.evaluation.likelihood import LogLikelihood, log_likelihood
from reparam.evaluation.pictures import Reconstructions, Samples, reconstruct, sample

__all__ = [
    "Interpolation",
    "Latents",
    "LogLikelihood",
    "Manifold",
    "Reconstructions",
    "Samples",
    "interpolate",
    "latents",
    "log_likelihood",
    "manifold",
    "reconstruct",
    "sample",
]
