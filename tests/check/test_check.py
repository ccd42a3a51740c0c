"""Right functions pass on fresh seeds; each of the typical wrong ones is told for what it is."""

import math

import pytest
import torch
from torch.nn import functional as F

import reparam
from reparam import check

# written anew as a student would, from the formulas, none by our own functions
RIGHT = {
    "kl": lambda m, v: -0.5 * (1 + v - m.pow(2) - v.exp()).sum(dim=1),
    "kl_normals": lambda m, s, n, t: (torch.log(t / s) + (s**2 + (m - n) ** 2) / (2 * t**2) - 0.5).sum(-1),
    "bernoulli_log_prob": lambda x, a: -F.binary_cross_entropy_with_logits(a, x, reduction="none").sum(1),
    "elbo": lambda x, a, m, v: (
        -F.binary_cross_entropy_with_logits(a, x, reduction="none").sum(1) + 0.5 * (1 + v - m**2 - v.exp()).sum(1)
    ),
    "monte_carlo_log_prob": lambda w: torch.logsumexp(w, 0) - math.log(w.shape[0]),
    "optimal_discriminator": lambda p, q: p / (p + q),
    "discriminator_loss": lambda r, f: -0.5 * F.logsigmoid(r).mean() - 0.5 * F.logsigmoid(-f).mean(),
    "generator_loss": lambda f: -0.5 * F.logsigmoid(f).mean(),
    "critic_loss": lambda r, f: -(r.mean() - f.mean()),
    "kl_from_discriminator": lambda d: torch.log(d / (1 - d)).mean(),
    "wasserstein": lambda x, y: (torch.sort(x)[0] - torch.sort(y)[0]).abs().mean(),
    "earth_mover": lambda a, b: (torch.cumsum(a, 0) - torch.cumsum(b, 0)).abs().sum(),
    "jensen_shannon": lambda p, q: (
        0.5 * (p * torch.log(2 * p / (p + q))).sum() + 0.5 * (q * torch.log(2 * q / (p + q))).sum()
    ),
    "reparameterize": lambda m, v: m + torch.exp(v / 2) * torch.randn_like(m),
    "shifted_normal": lambda h: h + torch.randn(h.shape),
    "positive_scale": lambda o: o.exp().sqrt() * torch.randn_like(o),
    "covariance_parameters": lambda d: (2 * d, d + d * (d + 1) // 2),
}
LOST = "no gradient reaches"
WRONG = [
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v), "not been added up"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).sum(), "added up over the batch"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).sum(-1).mean(), "averaged over the batch"),
    ("kl", lambda m, v: -0.5 * (m**2 + v.exp() - 1 - v).sum(-1), "sign is wrong"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v).mean(-1), "mean over the dimensions"),
    ("kl", lambda m, v: (m**2 + v.exp() - 1 - v).sum(-1), "one half is missing"),
    ("kl", lambda m, v: 0.5 * (m**2 + v**2 - 1 - torch.log(v**2)).sum(-1), "taken for the standard deviation"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() ** 2 - 1 - 2 * v).sum(-1), "logarithm of the standard deviation"),
    ("kl", lambda m, v: -0.5 * (m**2 + v.exp() - v).sum(-1), "constant per dimension is missing"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.detach().exp() - 1 - v.detach()).sum(-1), f"{LOST} log_variance"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp().detach() - 1 - v).sum(-1), "gradient in log_variance is not"),
    ("kl", lambda m, v: torch.tensor((0.5 * (m**2 + v.exp() - 1 - v).sum(-1)).tolist()), f"{LOST} mean"),
    ("kl", lambda m, v: (0.5 * (m**2 + v.exp() - 1 - v).sum(-1)).detach().numpy(), "no gradient passes"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - torch.log2(v.exp())).sum(-1), "values are wrong on 4 of 4"),
    ("kl", lambda m: m, "TypeError"),
    ("kl", lambda m, v: None, "returned nothing"),
    ("kl", lambda m, v: 0.5 * (m**2 + v.exp() - 1 - v.exp().log()).sum(-1) + 0 * (v - 2).log().sum(-1), "not finite"),
    ("kl_normals", lambda m, s, n, t: RIGHT["kl_normals"](n, t, m, s), "other direction"),
    ("kl_normals", lambda m, s, n, t: RIGHT["kl_normals"](m, s.sqrt(), n, t.sqrt()), "taken for variances"),
    ("bernoulli_log_prob", lambda x, a: F.binary_cross_entropy_with_logits(a, x), "torch averages unless told"),
    ("bernoulli_log_prob", lambda x, a: -RIGHT["bernoulli_log_prob"](x, a), "sign is wrong"),
    ("bernoulli_log_prob", lambda x, a: RIGHT["bernoulli_log_prob"](x, a) / x.shape[1], "mean over the dimensions"),
    ("bernoulli_log_prob", lambda x, a: RIGHT["bernoulli_log_prob"](x, a.sigmoid()), "two sigmoids"),
    (
        "bernoulli_log_prob",
        lambda x, a: (x * a.sigmoid().log() + (1 - x) * (1 - a.sigmoid()).log()).sum(-1),
        "very large logits",
    ),
    ("bernoulli_log_prob", lambda x, a: (x * F.logsigmoid(a)).sum(-1), "pixels that are 0 are left out"),
    ("elbo", lambda x, a, m, v: RIGHT["bernoulli_log_prob"](x, a) + RIGHT["kl"](m, v), "without its brackets"),
    ("elbo", lambda x, a, m, v: -RIGHT["elbo"](x, a, m, v), "sign is wrong"),
    ("elbo", lambda x, a, m, v: RIGHT["bernoulli_log_prob"](x, a) - RIGHT["kl"](m, v).detach(), f"{LOST} mean"),
    (
        "elbo",
        lambda x, a, m, v: RIGHT["bernoulli_log_prob"](x, a) / x.shape[1] - RIGHT["kl"](m, v),
        "averaged over pixels",
    ),
    ("monte_carlo_log_prob", lambda w: w.mean(0), "mean of the logarithms"),
    ("monte_carlo_log_prob", lambda w: w.logsumexp(0), "number of draws has been forgotten"),
    ("monte_carlo_log_prob", lambda w: w.exp().mean(0).log(), "-2000"),
    ("optimal_discriminator", lambda p, q: q / (p + q), "exchanged"),
    ("optimal_discriminator", lambda p, q: p / q, "no probability"),
    ("discriminator_loss", lambda r, f: 2 * RIGHT["discriminator_loss"](r, f), "one half is missing"),
    ("discriminator_loss", lambda r, f: RIGHT["discriminator_loss"](f, r), "exchanged"),
    ("discriminator_loss", lambda r, f: RIGHT["discriminator_loss"](r, f.detach()), f"{LOST} fake"),
    ("generator_loss", lambda f: 0.5 * F.logsigmoid(-f).mean(), "minimax loss"),
    ("generator_loss", lambda f: 0.5 * F.logsigmoid(f).mean(), "sign is wrong"),
    ("generator_loss", lambda f: -0.5 * torch.log(f.sigmoid()).mean(), "±2000"),
    ("critic_loss", lambda r, f: r.mean() - f.mean(), "sign is wrong"),
    ("critic_loss", lambda r, f: f.sigmoid().mean() - r.sigmoid().mean(), "no sigmoid"),
    ("kl_from_discriminator", lambda d: (d / (1 - d)).mean(), "no divergence"),
    ("kl_from_discriminator", lambda d: (d / (1 - d)).mean().log(), "logarithm of a mean"),
    ("wasserstein", lambda x, y: (x - y).abs().mean(), "in the order in which they came"),
    ("wasserstein", lambda x, y: (x.sort()[0] - y.sort()[0]).abs().sum(), "sum over points"),
    ("wasserstein", lambda x, y: (x.sort()[0] - y.sort()[0]).square().mean().sqrt(), "W2"),
    ("earth_mover", lambda a, b: (a - b).abs().sum() / 2, "total variation"),
    ("jensen_shannon", lambda p, q: (p * (p / q).log()).sum(), "KL(p ‖ q)"),
    ("jensen_shannon", lambda p, q: 2 * RIGHT["jensen_shannon"](p, q), "one half is missing"),
    ("jensen_shannon", lambda p, q: RIGHT["jensen_shannon"](p, q) / math.log(2), "base 2"),
    ("reparameterize", lambda m, v: torch.normal(m, (v / 2).exp()), f"{LOST} mean"),
    ("reparameterize", lambda m, v: m + ((v / 2).exp() * torch.randn_like(m)).detach(), f"{LOST} log_variance"),
    ("reparameterize", lambda m, v: m + v.exp() * torch.randn_like(m), "variance is taken for the standard deviation"),
    ("reparameterize", lambda m, v: m + v * torch.randn_like(m), "log-variance is taken for the standard deviation"),
    ("reparameterize", lambda m, v: m + (v / 2).exp() * torch.rand_like(m), "not normal"),
    ("reparameterize", lambda m, v: m + (v / 2).exp() * torch.randn(1, m.shape[1]), "every example of the batch"),
    ("reparameterize", lambda m, v: m + (v / 2).exp() * torch.randn(len(m), 1), "every dimension of an example"),
    ("reparameterize", lambda m, v: m, "no noise"),
    ("reparameterize", lambda m, v: (v / 2).exp() * torch.randn_like(m), "means are not"),
    ("reparameterize", lambda m, v: (m + (v / 2).exp() * torch.randn_like(m)).sum(-1), "its shape is"),
    ("shifted_normal", lambda h: torch.normal(h, 1.0), f"{LOST} h"),
    ("shifted_normal", lambda h: h * torch.randn_like(h), "scale of the noise"),
    ("positive_scale", lambda o: o.sqrt() * torch.randn_like(o), "below zero"),
    ("positive_scale", lambda o: o.relu().sqrt() * torch.randn_like(o), "nothing is drawn at all"),
    ("positive_scale", lambda o: torch.normal(torch.zeros_like(o), o.exp().sqrt()), f"{LOST} output"),
    ("covariance_parameters", lambda d: (2 * d, d + d * d), "both halves"),
    ("covariance_parameters", lambda d: (d, d * (d + 1) // 2), "mean is missing from the first"),
    ("covariance_parameters", lambda d: 2 * d, "pair of whole numbers"),
]


def asked(name, function, seed):
    return getattr(check, name)(function, *(() if name == "covariance_parameters" else (seed,)))


@pytest.mark.parametrize("name", RIGHT)
def test_right_functions_pass_on_fresh_seeds(name):
    for seed in range(100, 105):
        verdict = asked(name, RIGHT[name], seed)
        assert verdict.right, verdict
        assert str(verdict).startswith(f"{name}: right (")


@pytest.mark.parametrize(("name", "function", "told"), WRONG, ids=[f"{n}-{told}" for n, _, told in WRONG])
def test_wrong_ones_are_told_for_what_they_are(name, function, told):
    for seed in (0, 7):
        verdict = asked(name, function, seed)
        assert not verdict
        assert told in str(verdict), verdict
        assert verdict.json()["right"] is False


def unwritten(*inputs):
    raise NotImplementedError


@pytest.mark.parametrize("name", RIGHT)
def test_one_that_is_not_written_is_told_what_is_asked_for(name):
    assert "not written yet: it takes" in str(asked(name, unwritten, 0))


def test_every_check_is_tried_here_and_found_from_the_package():
    assert sorted(RIGHT) == sorted(set(check.__all__) - {"Verdict"})
    assert {name for name, _, _ in WRONG} == set(RIGHT)
    assert reparam.check is check


def test_checks_leave_the_noise_alone():
    torch.manual_seed(3)
    before = torch.get_rng_state()
    check.reparameterize(RIGHT["reparameterize"])
    check.kl(RIGHT["kl"])
    assert torch.equal(before, torch.get_rng_state())


def test_half_precision_constants_and_float32_pass():
    assert check.kl(lambda m, v: RIGHT["kl"](m.float(), v.float()))
