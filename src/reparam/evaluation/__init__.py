"""Evaluation: what a trained model knows, as numbers that plots and reports then draw."""

from reparam.evaluation.codes.interpolation import Interpolation, interpolate
from reparam.evaluation.codes.latent_space import Latents, Manifold, latents, manifold
from reparam.evaluation.draws import Drawing, Samples, drawing, sample
from reparam.evaluation.given import Scores, encode, log_prob, score
from reparam.evaluation.history import Curves, Snapshots, curves, snapshots
from reparam.evaluation.likelihood.estimate import LogLikelihood, log_likelihood
from reparam.evaluation.pictures import Reconstructions, reconstruct
from reparam.evaluation.samples.measures import MEASURES, Compared
from reparam.evaluation.samples.run_measures import measure_run, measures, yardstick_of
from reparam.evaluation.samples.scorecard import Conditions, Score, Scorecard
from reparam.evaluation.samples.yardstick import Yardstick

__all__ = [
    "MEASURES",
    "Compared",
    "Conditions",
    "Curves",
    "Drawing",
    "Interpolation",
    "Latents",
    "LogLikelihood",
    "Manifold",
    "Reconstructions",
    "Samples",
    "Score",
    "Scorecard",
    "Scores",
    "Snapshots",
    "Yardstick",
    "curves",
    "drawing",
    "encode",
    "interpolate",
    "latents",
    "log_likelihood",
    "log_prob",
    "manifold",
    "measure_run",
    "measures",
    "reconstruct",
    "sample",
    "score",
    "snapshots",
    "yardstick_of",
]
