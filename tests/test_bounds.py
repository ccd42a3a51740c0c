import numpy as np
import pytest
import torch

from oracles import LinearGaussian, kl_between_normals, within_error
from reparam.bounds import (
    FreeBits,
    analytic_kl,
    doubly_reparameterized,
    elbo,
    importance_weighted,
    log_importance_weights,
    sampled_kl,
)
from reparam.distributions import MultivariateNormal, Normal
from reparam.distributions.flow import AutoregressiveTransforms, Flow
from reparam.errors import UserError


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_evidence_is_the_bound_plus_the_gap(seed):
    """log p(x) = ELBO + KL(q ‖ posterior), exactly: E_q[log p(x|z)] of a normal likelihood has a closed form."""
    model = LinearGaussian.random(data_dim=4, latent_dim=2, seed=seed)
    vae, x = model.vae(), model.sample(5, seed)
    q, p = vae.encode(x), vae.prior
    at_mean = vae.decode(q.mean).log_prob(x)
    spread = 0.5 * ((q.scale**2) @ (model.weight**2).T).sum(-1) / model.scale**2
    bound = at_mean - spread - q.kl(p)
    mean, covariance = model.posterior(x)
    gap = torch.stack(
        [kl_between_normals(q.mean[i], q.scale[i].square().diag(), mean[i], covariance) for i in range(5)]
    )
    torch.testing.assert_close(bound + gap, model.evidence(x), rtol=1e-9, atol=1e-9)

    draws = elbo(x, q, p, vae.decode, samples=20_000).elbo
    per_draw = torch.stack([elbo(x, q, p, vae.decode).elbo.detach() for _ in range(400)])
    for i in range(5):
        assert within_error(per_draw[:, i], bound[i].item())
    assert (draws < model.evidence(x)).all()


def test_the_gradient_of_the_bound_is_that_of_its_closed_form():
    """With x = w z + noise in one dimension the bound is a polynomial of mean and scale: compare pathwise gradients."""
    mean = torch.tensor([[0.3]], dtype=torch.float64, requires_grad=True)
    log_scale = torch.tensor([[-0.4]], dtype=torch.float64, requires_grad=True)
    w, sigma, x = 1.7, 0.8, torch.tensor([[1.1]], dtype=torch.float64)

    def likelihood(z):
        return Normal(w * z, torch.full_like(z, sigma))

    prior = Normal(torch.zeros(1, 1, dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64))

    def closed():
        variance = (2 * log_scale).exp()
        reconstruction = -0.5 * ((x - w * mean) ** 2 + w**2 * variance) / sigma**2
        return (reconstruction - 0.5 * (variance + mean**2 - 1) + log_scale).sum()

    exact = torch.autograd.grad(closed(), (mean, log_scale))
    for kl in (analytic_kl, sampled_kl):
        n = 20_000
        means, log_scales = (p.detach().expand(n, 1).clone().requires_grad_() for p in (mean, log_scale))
        bound = elbo(x, Normal.from_log_scale(means, log_scales), prior, likelihood, kl=kl).elbo.sum()
        table = torch.cat(torch.autograd.grad(bound, (means, log_scales)), dim=1)
        for i in range(2):
            assert within_error(table[:, i], exact[i].item())


def test_sampled_and_analytic_kl_agree():
    q = Normal(torch.randn(3, 4, dtype=torch.float64), torch.rand(3, 4, dtype=torch.float64) + 0.2)
    p = Normal(torch.zeros(4, dtype=torch.float64), torch.ones(4, dtype=torch.float64))
    torch.manual_seed(1)
    z, estimate = sampled_kl(q, p, 20_000)
    per_draw = q.log_prob(z) - p.log_prob(z)
    torch.testing.assert_close(per_draw.mean(0), estimate)
    for i in range(3):
        assert within_error(per_draw[:, i], analytic_kl(q, p)[1][i].item())


def test_free_bits_charge_only_what_exceeds_them_and_push_no_dimension_below():
    """Two dimensions of 2 and 0.02 nats on average with 0.5 free: 2 + 0.5, and no gradient to the second."""
    mean = torch.tensor([[2.0, 0.2], [-2.0, -0.2]], requires_grad=True)
    q, p = Normal(mean, torch.ones(2, 2)), Normal(torch.zeros(2), torch.ones(2))
    kl = FreeBits(0.5)(q, p).mean()
    assert kl.item() == pytest.approx(2.5)
    (gradient,) = torch.autograd.grad(kl, mean)
    torch.testing.assert_close(gradient, torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    with pytest.raises(UserError, match="not independent"):
        FreeBits(0.5)(MultivariateNormal(mean.detach(), torch.eye(2)), p)


def poor_posterior(model, x, seed=0):
    """A posterior that is off by fixed amounts from the exact one, its parameters leaves."""
    mean, covariance = model.posterior(x)
    g = torch.Generator().manual_seed(seed)
    mean = (mean + 0.4 * torch.randn(mean.shape, generator=g, dtype=torch.float64)).requires_grad_()
    log_scale = (0.5 * covariance.diagonal().log() + 0.2).expand_as(mean).clone().requires_grad_()
    return mean, log_scale


def bound_of(vae, x, mean, log_scale, k, repeats):
    """Independent importance-weighted bounds, ``(repeats,)``, of one example and one posterior."""
    q = Normal.from_log_scale(mean.expand(repeats, -1), log_scale.expand(repeats, -1))
    return importance_weighted(log_importance_weights(x, q, vae.prior, vae.decode, k))


def test_the_importance_weighted_bound_rises_with_k_and_reaches_the_evidence_at_rate_one_over_k():
    """E[log p(x) - bound] is var(w) / (2 K) to first order (Maddison et al. 2017, proposition 1)."""
    torch.manual_seed(0)
    model = LinearGaussian.random(3, 2, seed=4, scale=1.0)
    vae, x = model.vae(), model.sample(1, 0)
    mean, log_scale = (p.detach() for p in poor_posterior(model, x))
    evidence = model.evidence(x).item()
    draws = 800_000
    with torch.no_grad():
        gaps = {
            k: evidence - bound_of(vae, x, mean, log_scale, k, draws // k).mean().item() for k in (1, 4, 16, 64, 256)
        }
        q = Normal.from_log_scale(mean, log_scale)
        weights = (log_importance_weights(x, q, vae.prior, vae.decode, draws) - evidence).exp()
    assert gaps[1] > gaps[4] > gaps[16] > gaps[64] > gaps[256] > 0
    assert 16 * gaps[16] == pytest.approx(weights.var().item() / 2, rel=0.35)
    assert gaps[4] / gaps[64] == pytest.approx(16, rel=0.4)
    assert weights.mean().item() == pytest.approx(1, abs=4.5 * weights.std().item() / draws**0.5)


def test_one_importance_sample_is_the_elbo():
    model = LinearGaussian.random(3, 2, seed=1)
    vae, x = model.vae(), model.sample(4, 0)
    torch.manual_seed(5)
    one = importance_weighted(log_importance_weights(x, vae.encode(x), vae.prior, vae.decode, 1))
    torch.manual_seed(5)
    torch.testing.assert_close(one, elbo(x, vae.encode(x), vae.prior, vae.decode, kl=sampled_kl).elbo)


def exact_gradient(vae, x, mean, log_scale):
    """The gradient of E[bound] for one example, two draws and one latent, by quadrature over both draws' noise."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    e, w = torch.from_numpy(nodes), torch.from_numpy(weights / weights.sum())
    noise = torch.cartesian_prod(e, e).T.unsqueeze(-1)  # (draws, quadrature points, latent)
    z = mean + log_scale.exp() * noise
    q = Normal.from_log_scale(mean, log_scale)
    log_weights = vae.decode(z).log_prob(x) + vae.prior.log_prob(z) - q.log_prob(z)
    bound = (importance_weighted(log_weights) * torch.outer(w, w).flatten()).sum()
    return torch.autograd.grad(bound, (mean, log_scale, vae.decoder.weight))


@pytest.mark.parametrize("estimator", ["plain", "doubly reparameterized"])
def test_an_estimator_of_the_importance_weighted_gradient_agrees_with_quadrature(estimator):
    model = LinearGaussian.random(2, 1, seed=2, scale=0.8)
    vae, x = model.vae(), model.sample(1, 3)
    mean, log_scale = poor_posterior(model, x)
    n = 20_000
    repeated = vae.decoder.weight.detach().expand(n, -1, -1).clone().requires_grad_()

    def decode(z):  # one decoder per repetition, so that each has a gradient of its own
        return vae.likelihood(torch.einsum("lni,noi->lno", z, repeated) + vae.decoder.bias)

    torch.manual_seed(0)
    means, log_scales = (p.detach().expand(n, 1).clone().requires_grad_() for p in (mean, log_scale))
    q = Normal.from_log_scale(means, log_scales)
    if estimator == "plain":
        loss = importance_weighted(log_importance_weights(x, q, vae.prior, decode, 2)).sum()
    else:
        loss = doubly_reparameterized(x, q, vae.prior, decode, 2)[1] * n
    found = torch.autograd.grad(loss, (means, log_scales, repeated))
    for gradients, exact in zip(found, exact_gradient(vae, x, mean, log_scale), strict=True):
        for column, expected in zip(gradients.flatten(1).T, exact.flatten(), strict=True):
            assert within_error(column, expected.item())


def test_the_doubly_reparameterized_gradient_keeps_its_signal_as_draws_are_added():
    """The plain one's signal-to-noise ratio falls as K^-1/2, the other's rises as K^1/2 (Rainforth et al. 2018)."""
    model = LinearGaussian.random(2, 1, seed=2, scale=0.8)
    vae, x = model.vae(), model.sample(1, 3)
    mean, log_scale = poor_posterior(model, x)
    n = 4000

    def signal(estimator, k):
        torch.manual_seed(0)
        means = mean.detach().expand(n, 1).clone().requires_grad_()
        q = Normal.from_log_scale(means, log_scale.detach())
        if estimator == "plain":
            loss = importance_weighted(log_importance_weights(x, q, vae.prior, vae.decode, k)).sum()
        else:
            loss = doubly_reparameterized(x, q, vae.prior, vae.decode, k)[1] * n
        (gradient,) = torch.autograd.grad(loss, means)
        return (gradient.mean().abs() / gradient.std()).item()

    assert signal("doubly", 64) / signal("doubly", 4) == pytest.approx(4, rel=0.4)
    assert signal("plain", 64) < signal("plain", 4)


def test_a_flow_posterior_and_a_flow_prior_are_one_model_in_two_coordinates():
    """With u = g(z): (q, flow prior g⁻¹#p, decoder) and (g#q, p, decoder ∘ g⁻¹) have the same bound, draw by draw."""
    torch.manual_seed(0)
    model = LinearGaussian.random(3, 2, seed=1)
    vae, x = model.vae(), model.sample(4, 0)
    transforms = AutoregressiveTransforms(2, hidden=(8,)).double()
    for parameter in transforms.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    g, q, p = transforms(), vae.encode(x), vae.prior
    torch.manual_seed(1)
    prior_flow = elbo(x, q, Flow(p, g.inv), vae.decode, samples=5, kl=sampled_kl)
    torch.manual_seed(1)
    posterior_flow = elbo(x, Flow(q, g), p, lambda u: vae.decode(g.inv(u)), samples=5, kl=sampled_kl)
    torch.testing.assert_close(prior_flow.reconstruction, posterior_flow.reconstruction)
    torch.testing.assert_close(prior_flow.kl, posterior_flow.kl)
    parameters = [*transforms.parameters(), *vae.encoder.parameters(), *vae.decoder.parameters()]
    one, other = (
        torch.autograd.grad(bound.elbo.sum(), parameters, allow_unused=True, retain_graph=True)
        for bound in (prior_flow, posterior_flow)
    )
    assert any(gradient is not None for gradient in one)
    for a, b in zip(one, other, strict=True):
        if a is not None:
            torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-8)


def test_more_samples_shrink_the_error_at_the_monte_carlo_rate():
    """The variance of the reconstruction's estimate falls as 1/L: its slope in log-log is -1."""
    q = Normal(torch.zeros(1, 2), torch.ones(1, 2))
    x = torch.ones(1, 2)

    def spread(samples):
        values = [elbo(x, q, q, lambda z: Normal(z, torch.ones_like(z)), samples).reconstruction for _ in range(2000)]
        return torch.cat(values).var().item()

    ratio = spread(1) / spread(16)
    assert ratio == pytest.approx(16, rel=0.2)
