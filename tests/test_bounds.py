import pytest
import torch

from oracles import LinearGaussian, kl_between_normals, within_error
from reparam.bounds import analytic_kl, elbo, sampled_kl
from reparam.distributions import Normal


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_evidence_is_the_bound_plus_the_gap(seed):
    """log p(x) = ELBO + KL(q ‖ posterior), exactly: E_q[log p(x|z)] of a normal likelihood has a closed form."""
    model = LinearGaussian.random(data_dim=4, latent_dim=2, seed=seed)
    vae, x = model.vae(), model.sample(5, seed)
    q, p = vae.encode(x), vae.prior()
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
    z = q.sample((20_000,))
    per_draw = q.log_prob(z) - p.log_prob(z)
    torch.testing.assert_close(per_draw.mean(0), sampled_kl(q, p, z))
    for i in range(3):
        assert within_error(per_draw[:, i], analytic_kl(q, p, z)[i].item())


def test_more_samples_shrink_the_error_at_the_monte_carlo_rate():
    """The variance of the reconstruction's estimate falls as 1/L: its slope in log-log is -1."""
    q = Normal(torch.zeros(1, 2), torch.ones(1, 2))
    x = torch.ones(1, 2)

    def spread(samples):
        values = [elbo(x, q, q, lambda z: Normal(z, torch.ones_like(z)), samples).reconstruction for _ in range(2000)]
        return torch.cat(values).var().item()

    ratio = spread(1) / spread(16)
    assert ratio == pytest.approx(16, rel=0.2)
