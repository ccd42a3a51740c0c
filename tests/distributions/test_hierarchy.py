"""A chain of normals: against the joint normal that linear layers make, torch's densities and quadrature."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import distributions as reference
from torch import nn

from oracles import LinearGaussian, within_error
from reparam.bounds import (
    doubly_reparameterized,
    importance_weighted,
    kl_by_layer,
    layerwise_kl,
    log_importance_weights,
    sampled_kl,
)
from reparam.distributions import Hierarchy, MultivariateNormal, Normal
from reparam.errors import UserError
from reparam.models import HierarchicalPosterior, HierarchicalPrior
from reparam.models.vae.hierarchical import Layer

WIDTHS = (1, 2, 2)


def double(*shape, seed):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def linear_hierarchy(mean, covariance):
    """The layers of a normal, ``(*batch_shape, 5)`` and (5, 5): linear in those above (Bishop 2006, 2.81)."""

    def part(start, end):
        gain = covariance[start:end, :start] @ torch.linalg.inv(covariance[:start, :start])
        left = covariance[start:end, start:end] - gain @ covariance[:start, start:end]
        assert left.diagonal().diag().allclose(left, atol=1e-9), "a layer of a diagonal normal"
        width = end - start
        network = nn.Linear(start, 2 * width, dtype=torch.float64)
        nn.init.zeros_(network.weight)
        nn.init.zeros_(network.bias)
        network.weight.data[:width] = gain
        offset = mean[..., start:end] - mean[..., :start] @ gain.T
        return Layer(width, offset, left.diagonal().log().expand_as(offset), network)

    ends = np.cumsum((0, *WIDTHS))
    top = Normal(mean[..., : ends[1]], covariance.diagonal()[: ends[1]].sqrt().expand_as(mean[..., : ends[1]]))
    return Hierarchy(top, [part(start, end) for start, end in pairwise(ends[1:])])


def joint(seed):
    """A mean, and a covariance whose layers are diagonal given those above."""
    weights = torch.zeros(5, 5, dtype=torch.float64)
    below = double(5, 5, seed=seed)
    for start, end in ((1, 3), (3, 5)):
        weights[start:end, :start] = below[start:end, :start]
    push = torch.linalg.inv(torch.eye(5, dtype=torch.float64) - weights)
    scales = (0.3 * double(5, seed=seed + 1)).exp()
    return double(5, seed=seed + 2), push @ scales.square().diag() @ push.T


def random_pair(batch=(), dim=2, layers=2, seed=0, spread=0.6):
    """A posterior and a prior of random weights, smooth (float64); the encoder's output is a leaf."""
    torch.manual_seed(seed)
    prior = HierarchicalPrior(dim, layers, hidden=[5]).double()
    posterior = HierarchicalPosterior(dim, layers, context=2, hidden=[5]).double()
    for network in (*prior.networks, *posterior.networks):
        network[1] = nn.Tanh()  # quadrature converges slowly across a kink
    for parameter in (*prior.parameters(), *posterior.parameters()):
        nn.init.normal_(parameter, std=spread)
    output = (0.7 * double(*batch, posterior.outputs, seed=seed)).requires_grad_()
    return posterior, prior, output


def test_linear_layers_are_the_joint_normal_in_value_and_gradient():
    mean, covariance = joint(seed=3)
    chain, exact = linear_hierarchy(mean, covariance), reference.MultivariateNormal(mean, covariance)
    z = double(7, 5, seed=9).requires_grad_()
    torch.testing.assert_close(chain.log_prob(z), exact.log_prob(z), rtol=1e-9, atol=1e-9)
    ours, theirs = (torch.autograd.grad(p.log_prob(z).sum(), z)[0] for p in (chain, exact))
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(chain.center, mean)  # of linear layers it is the mean
    torch.manual_seed(0)
    draws = chain.sample((40_000,)).detach()
    for i in range(5):
        assert within_error(draws[:, i], mean[i].item())
        for j in range(i + 1):
            assert within_error((draws[:, i] - mean[i]) * (draws[:, j] - mean[j]), covariance[i, j].item())


def test_the_evidence_by_the_exact_posterior_has_no_error():
    """x = W z + noise of a linear hierarchy: with p(z|x) as a hierarchy every importance weight is p(x)."""
    mean, covariance = joint(seed=5)
    model = LinearGaussian.random(4, 5, seed=1)
    x = model.sample(3, 0)
    prior, noise = linear_hierarchy(mean, covariance), model.scale**2 * torch.eye(4, dtype=torch.float64)
    marginal = reference.MultivariateNormal(
        model.weight @ mean + model.bias, model.weight @ covariance @ model.weight.T + noise
    )
    gain = covariance @ model.weight.T @ torch.linalg.inv(marginal.covariance_matrix)
    left = covariance - gain @ model.weight @ covariance
    exact = MultivariateNormal(mean + (x - marginal.mean) @ gain.T, torch.linalg.cholesky(left))
    assert exact.mean.shape == (3, 5)

    def decode(z):
        return Normal(z @ model.weight.T + model.bias, torch.full((4,), model.scale, dtype=torch.float64))

    weights = log_importance_weights(x, exact, prior, decode, 20)
    torch.testing.assert_close(weights, marginal.log_prob(x).expand(20, 3), rtol=1e-8, atol=1e-8)


def test_a_density_in_the_plane_integrates_to_one_and_knows_its_draws():
    posterior, _, output = random_pair((3,))
    q = posterior(output)
    axis = torch.linspace(-14, 14, 401, dtype=torch.float64)
    with torch.no_grad():
        density = q.log_prob(torch.cartesian_prod(axis, axis).unsqueeze(1)).exp().reshape(401, 401, 3)
    totals = torch.trapezoid(torch.trapezoid(density, axis, dim=0), axis, dim=0)
    torch.testing.assert_close(totals, torch.ones(3, dtype=torch.float64), rtol=0, atol=2e-3)
    z, log_q = q.sample_and_log_prob((6,))
    torch.testing.assert_close(log_q, q.log_prob(z))
    torch.testing.assert_close(q.push(q.pull(z)), z)
    one = q.log_prob(z[0, 0])  # one value, compared with each of the batch
    torch.testing.assert_close(one, q.log_prob(z[0, :1].expand(3, 2)))


def exact_kl(posterior, prior, output, nodes=48):
    """KL(q ‖ p) of 1 + 1 latents by quadrature over the noise, differentiable."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    e, w = torch.from_numpy(points), torch.from_numpy(weights / weights.sum())
    q = posterior(output)
    z = q.push(torch.cartesian_prod(e, e))
    return ((q.log_prob(z) - prior().log_prob(z)) * torch.outer(w, w).flatten()).sum()


def test_the_layerwise_kl_is_that_by_quadrature_in_value_and_gradient():
    posterior, prior, output = random_pair(seed=4, spread=0.4)
    exact = exact_kl(posterior, prior, output)
    parameters = [output, *prior.parameters(), *posterior.parameters()]
    gradients = torch.autograd.grad(exact, parameters)
    torch.manual_seed(2)
    values = torch.stack([layerwise_kl(posterior(output), prior(), 1000)[1] for _ in range(30)])
    assert within_error(values.detach(), exact.item())
    found = [torch.autograd.grad(value, parameters, retain_graph=True) for value in values]
    for i, expected in enumerate(gradients):
        column = torch.stack([one[i] for one in found])
        error = column.std(0) / len(found) ** 0.5
        assert ((column.mean(0) - expected).abs() <= 5 * error).all(), i


def test_it_has_the_mean_of_the_sampled_one_and_no_more_variance():
    posterior, prior, output = random_pair((4,), dim=6, layers=3, seed=1, spread=0.3)
    repeated = output.detach().repeat_interleave(4000, 0)
    torch.manual_seed(3)
    by_layer = layerwise_kl(posterior(repeated), prior())[1].detach().reshape(4, -1)
    by_draw = sampled_kl(posterior(repeated), prior())[1].detach().reshape(4, -1)
    error = ((by_layer.var(1) + by_draw.var(1)) / by_layer.shape[1]).sqrt()
    assert ((by_layer.mean(1) - by_draw.mean(1)).abs() < 4 * error).all()
    assert (by_layer.var(1) < by_draw.var(1)).all()


def test_normals_count_as_layers_that_are_told_nothing():
    posterior, prior, output = random_pair((3,), dim=5)
    p, unit = prior(), Normal(torch.zeros(5).double(), torch.ones(5).double())
    q = Normal(double(3, 5, seed=1), double(3, 5, seed=2).exp())
    z, each = kl_by_layer(q, p, 4000)
    assert z.shape == (4000, 3, 5)
    assert each.shape == (2, 3)
    torch.testing.assert_close(each[0], q.split([2, 3])[0].kl(p.top))  # the top one's is exact
    torch.testing.assert_close(layerwise_kl(q, Hierarchy(*unit.split([5])))[1], q.kl(unit))
    z, each = kl_by_layer(posterior(output), unit, 4000)
    draws = (posterior(output).log_prob(z) - unit.log_prob(z)).detach()
    for i in range(3):
        assert within_error(draws[:, i] - each.sum(0)[i].item(), 0.0)
    with pytest.raises(UserError, match='neither posterior nor prior has layers: use kl="analytic"'):
        layerwise_kl(q, unit)
    with pytest.raises(UserError, match=r"widths \(2, 3\) and \(1, 1, 3\) are not compared"):
        layerwise_kl(posterior(output), HierarchicalPrior(5, 3).double()())
    with pytest.raises(UserError, match="a MultivariateNormal is no product of normal layers"):
        layerwise_kl(MultivariateNormal(q.mean, torch.eye(5).double()), p)


def test_one_layer_is_the_normal():
    posterior, prior, output = random_pair((3,), dim=4, layers=1)
    mean, log_variance = output[:, :4], output[:, 4:8]
    q, unit = Normal(mean, (0.5 * log_variance).exp()), Normal(torch.zeros(4).double(), torch.ones(4).double())
    torch.testing.assert_close(layerwise_kl(posterior(output), prior())[1], q.kl(unit))
    torch.testing.assert_close(posterior(output).log_prob(mean), q.log_prob(mean))


def test_detached_takes_a_gradient_to_z_and_to_nothing_else():
    posterior, _, output = random_pair((3,), dim=6, layers=3)
    q, z = posterior(output), double(3, 6, seed=8).requires_grad_()
    fixed = q.detached().log_prob(z)
    torch.testing.assert_close(fixed, q.log_prob(z))
    ours, theirs = (torch.autograd.grad(log.sum(), z)[0] for log in (fixed, q.log_prob(z)))
    torch.testing.assert_close(ours, theirs)
    others = torch.autograd.grad(q.detached().log_prob(z).sum(), [output, *posterior.parameters()], allow_unused=True)
    assert all(gradient is None for gradient in others)


def test_the_doubly_reparameterized_gradient_is_that_of_the_importance_weighted_bound():
    """Through both layers and their networks: means over repetitions agree, and the posterior's varies less."""
    posterior, prior, output = random_pair((1,), seed=7, spread=0.5)
    x = torch.tensor([[0.6, -0.2]], dtype=torch.float64)
    parameters, repeats = [*posterior.parameters(), *prior.parameters()], 60

    def decode(z):
        return Normal(z @ torch.tensor([[1.0, 0.5], [-0.3, 0.8]]).double(), torch.full((2,), 0.7).double())

    def gradients(doubly):
        q = posterior(output.detach().expand(100, -1))
        args = (x, q, prior(), decode, 8)
        loss = doubly_reparameterized(*args)[1] if doubly else importance_weighted(log_importance_weights(*args)).mean()
        return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])

    torch.manual_seed(0)
    plain, doubly = (torch.stack([gradients(which) for _ in range(repeats)]) for which in (False, True))
    error = ((plain.var(0) + doubly.var(0)) / repeats).sqrt()
    assert ((plain.mean(0) - doubly.mean(0)).abs() < 5 * error + 1e-12).all()
    mine = sum(p.numel() for p in posterior.parameters())
    assert doubly[:, :mine].var(0).sum() < plain[:, :mine].var(0).sum()


def test_what_has_no_closed_form_is_refused_in_a_sentence():
    posterior, _, output = random_pair((3,))
    for quantity in ("mean", "entropy"):
        with pytest.raises(UserError, match=f"{quantity} of a Hierarchy has no closed form"):
            getattr(posterior(output), quantity)() if quantity == "entropy" else posterior(output).mean
    with pytest.raises(UserError, match="has no closed form here"):
        posterior(output).kl(Normal(torch.zeros(2), torch.ones(2)))


def test_a_layer_far_below_what_is_sensible_stays_finite():
    posterior = HierarchicalPosterior(4, context=3, hidden=[5])
    output = torch.zeros(3, posterior.outputs)
    output[1, 4:8], output[2, 4:8] = 1e6, -1e6
    output.requires_grad_()
    z, kl = layerwise_kl(posterior(output), HierarchicalPrior(4, hidden=[5])())
    log_q = posterior(output).log_prob(z)
    (z.square().sum() + log_q.sum() + kl.sum()).backward()
    assert all(values.isfinite().all() for values in (z, kl, log_q, output.grad))
