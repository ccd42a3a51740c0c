"""Posteriors of what an encoder may say, outliers included."""

import pytest
import torch

from reparam.distributions import Normal
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior, FullNormal, bounded


def test_a_log_variance_up_to_ten_is_left_alone_to_the_bit():
    values = torch.linspace(-100, 9.99, 10_001).requires_grad_()
    assert torch.equal(bounded(values), values)
    assert torch.equal(torch.autograd.grad(bounded(values).sum(), values)[0], torch.ones_like(values))


def test_beyond_it_grows_as_a_logarithm_and_there_is_a_way_back():
    """Value and slope of 10 + log(1 + d) at d beyond 10."""
    beyond = torch.tensor([1e-3, 1.0, 1e3, 1e6, 1e30], dtype=torch.float64)
    values = (10 + beyond).requires_grad_()
    found = bounded(values)
    torch.testing.assert_close(found, 10 + beyond.log1p(), rtol=1e-9, atol=0)
    torch.testing.assert_close(torch.autograd.grad(found.sum(), values)[0], 1 / (1 + beyond), rtol=1e-9, atol=0)


@pytest.mark.parametrize("posterior", [DiagonalNormal(3), FullNormal(3), FlowPosterior(3, context=4)])
def test_an_outlier_makes_no_posterior_infinite(posterior):
    output = torch.zeros(2, posterior.outputs)
    output[1, 3:6] = 1e6  # the log-variance
    output.requires_grad_()
    z, log_q = posterior(output).sample_and_log_prob()
    (z.square().sum() + log_q.sum() - Normal(torch.zeros(3), torch.ones(3)).log_prob(z).sum()).backward()
    assert all(values.isfinite().all() for values in (z, log_q, output.grad))
