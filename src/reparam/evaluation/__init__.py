"""Evaluation: what a trained model knows, as numbers that plots and reports then draw."""

from reparam.evaluation.codes.interpolation import Interpolation, interpolate
from reparam.evaluation.codes.latent_space import Latents, Manifold, latents, manifold
from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.columns.measure import TableYardstick, table_measures
from reparam.evaluation.draws import Drawing, Samples, drawing
from reparam.evaluation.given import Scores, encode, log_prob, score
from reparam.evaluation.given_back import reconstruct, sample
from reparam.evaluation.history import Curves, Snapshots, curves, snapshots
from reparam.evaluation.likelihood.estimate import LogLikelihood, log_likelihood
from reparam.evaluation.likelihood.rate_distortion import RateDistortion, rate_distortion
from reparam.evaluation.pictures import Reconstructions
from reparam.evaluation.pit import PIT, pit
from reparam.evaluation.predictive import PredictiveChecks, predictive_check
from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.features import Features
from reparam.evaluation.samples.measures import MEASURES
from reparam.evaluation.samples.run_measures import measure_run, measures, yardstick_of
from reparam.evaluation.samples.scorecard import Conditions, Score, Scorecard
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.evaluation.tables import Imputed, TableSamples, conditions, impute

__all__ = [
    "MEASURES",
    "PIT",
    "Compared",
    "Conditions",
    "Curves",
    "Drawing",
    "Features",
    "Imputed",
    "Interpolation",
    "Latents",
    "LogLikelihood",
    "Manifold",
    "PredictiveChecks",
    "RateDistortion",
    "Reconstructions",
    "Samples",
    "Score",
    "Scorecard",
    "Scores",
    "Snapshots",
    "TableCard",
    "TableSamples",
    "TableYardstick",
    "Yardstick",
    "conditions",
    "curves",
    "drawing",
    "encode",
    "impute",
    "interpolate",
    "latents",
    "log_likelihood",
    "log_prob",
    "manifold",
    "measure_run",
    "measures",
    "pit",
    "predictive_check",
    "rate_distortion",
    "reconstruct",
    "sample",
    "score",
    "snapshots",
    "table_measures",
    "yardstick_of",
]
