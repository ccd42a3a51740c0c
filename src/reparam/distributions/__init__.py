"""Distributions as functions of noise: each can sample, say its log-density and mean, and compare itself by KL.

The last ``event_dims`` dimensions of a parameter are one event: ``log_prob``, ``entropy`` and ``kl`` sum over them,
so every result is in nats per example and never an average over pixels.
"""

from reparam.distributions.base import Distribution
from reparam.distributions.bernoulli import Bernoulli
from reparam.distributions.categorical import Categorical
from reparam.distributions.continuous_bernoulli import ContinuousBernoulli
from reparam.distributions.delta import Delta
from reparam.distributions.discretized_logistic import DiscretizedLogistic
from reparam.distributions.hierarchy import Hierarchy
from reparam.distributions.mixture import NormalMixture
from reparam.distributions.multivariate_normal import MultivariateNormal
from reparam.distributions.normal import Normal

__all__ = [
    "Bernoulli",
    "Categorical",
    "ContinuousBernoulli",
    "Delta",
    "DiscretizedLogistic",
    "Distribution",
    "Hierarchy",
    "MultivariateNormal",
    "Normal",
    "NormalMixture",
]
