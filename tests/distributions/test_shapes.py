"""Batch and event shapes: those of torch's own families, and of draws where torch has none."""

import pytest
import torch
from torch import distributions as reference

from reparam.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Delta,
    DiscretizedLogistic,
    MultivariateNormal,
    Normal,
    NormalMixture,
)
from reparam.distributions.flow import AutoregressiveTransforms, Flow
from reparam.models import HierarchicalPosterior, HierarchicalPrior, ImplicitPosterior, VampPrior

independent = reference.Independent
LOGITS = torch.randn(5, 1, 4, 6)
MEAN, SCALE = torch.randn(5, 3), torch.rand(3) + 0.5
PAIRS = {
    "normal": (Normal(MEAN, SCALE), independent(reference.Normal(MEAN, SCALE), 1)),
    "normal-wider-scale": (
        Normal(MEAN[0], SCALE.expand(7, 3)),
        independent(reference.Normal(MEAN[0], SCALE.expand(7, 3)), 1),
    ),
    "normal-each": (Normal(MEAN, SCALE, 0), reference.Normal(MEAN, SCALE)),
    "normal-one": (Normal(MEAN, SCALE, 2), independent(reference.Normal(MEAN, SCALE), 2)),
    "bernoulli": (Bernoulli(LOGITS, 3), independent(reference.Bernoulli(logits=LOGITS), 3)),
    "continuous-bernoulli": (
        ContinuousBernoulli(LOGITS, 2),
        independent(reference.ContinuousBernoulli(logits=LOGITS), 2),
    ),
    "categorical": (Categorical(LOGITS, 2), independent(reference.Categorical(logits=LOGITS), 2)),
    "full-normal": (
        MultivariateNormal(torch.zeros(3), torch.eye(3).expand(4, 3, 3)),
        reference.MultivariateNormal(torch.zeros(3), scale_tril=torch.eye(3).expand(4, 3, 3)),
    ),
    "mixture": (
        NormalMixture(torch.zeros(5), Normal(MEAN, SCALE)),
        reference.MixtureSameFamily(
            reference.Categorical(torch.ones(5)), independent(reference.Normal(MEAN, SCALE), 1)
        ),
    ),
    "flow": (
        Flow(Normal(MEAN, SCALE), reference.ExpTransform()),
        reference.TransformedDistribution(independent(reference.Normal(MEAN, SCALE), 1), [reference.ExpTransform()]),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_batch_and_event_shape_are_torchs(name):
    ours, theirs = PAIRS[name]
    assert (ours.batch_shape, ours.event_shape) == (theirs.batch_shape, theirs.event_shape)


def flow(inverse):
    transform = AutoregressiveTransforms(3, context=2, hidden=(4,))(torch.randn(5, 2))
    return Flow(Normal(MEAN, SCALE), transform.inv if inverse else transform)


WITHOUT_A_REFERENCE = {
    "delta": lambda: (Delta(torch.randn(4, 2, 3), 2), (4,), (2, 3)),
    "delta-of-integers": lambda: (Delta(torch.zeros(4, 2, 3, dtype=torch.int64), 3), (), (4, 2, 3)),
    "discretized-logistic": lambda: (
        DiscretizedLogistic(torch.rand(4, 3, 2, 2), torch.zeros(3, 1, 1), 3),
        (4,),
        (3, 2, 2),
    ),
    "flow-forward": lambda: (flow(False), (5,), (3,)),
    "flow-inverse": lambda: (flow(True), (5,), (3,)),
    "hierarchy": lambda: (HierarchicalPosterior(3, context=4, hidden=(5,))(torch.randn(6, 10)), (6,), (3,)),
    "hierarchy-of-a-prior": lambda: (HierarchicalPrior(3, layers=3, hidden=(5,))(), (), (3,)),
    "implicit": lambda: (ImplicitPosterior(3, context=4, noise_dim=2, hidden=(5,))(torch.randn(6, 4)), (6,), (3,)),
    "vamp": lambda: (VampPrior(3, torch.rand(7, 3))(lambda x: Normal(x, torch.ones(7, 3))), (), (3,)),
}


@pytest.mark.parametrize("name", WITHOUT_A_REFERENCE)
def test_families_that_torch_lacks_have_the_shapes_of_their_parameters(name):
    ours, batch, event = WITHOUT_A_REFERENCE[name]()
    assert (tuple(ours.batch_shape), tuple(ours.event_shape)) == (batch, event)


@pytest.mark.parametrize("name", [*PAIRS, *WITHOUT_A_REFERENCE])
def test_draws_have_the_shapes_that_are_said(name):
    ours = PAIRS[name][0] if name in PAIRS else WITHOUT_A_REFERENCE[name]()[0]
    assert ours.sample().shape == ours.batch_shape + ours.event_shape
    assert torch.broadcast_shapes(ours.center.shape, ours.sample().shape) == ours.sample().shape
    assert ours.sample((2, 3)).shape == (2, 3, *ours.batch_shape, *ours.event_shape)
