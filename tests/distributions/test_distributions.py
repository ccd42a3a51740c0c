import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as reference

from helpers import agree
from oracles import within_error
from reparam.distributions import Bernoulli, Normal
from reparam.errors import UserError

SEEDS = st.integers(0, 2**31 - 1)


def random_normal(seed, shape=(4, 3)):
    g = torch.Generator().manual_seed(seed)
    mean = torch.randn(shape, generator=g, dtype=torch.float64).mul(2).requires_grad_()
    log_scale = torch.randn(shape, generator=g, dtype=torch.float64).requires_grad_()
    return mean, log_scale, torch.randn(shape, generator=g, dtype=torch.float64).mul(3).requires_grad_()


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_normal_agrees_with_the_reference_in_value_and_gradient(seed):
    mean, log_scale, x = random_normal(seed)
    other_mean, other_log_scale, _ = random_normal(seed + 1)
    for ours in (Normal(mean, log_scale.exp()), Normal.from_log_scale(mean, log_scale)):
        theirs = reference.Independent(reference.Normal(mean, log_scale.exp()), 1)
        agree(ours.log_prob(x), theirs.log_prob(x), [mean, log_scale, x])
        agree(ours.entropy(), theirs.entropy(), [log_scale])
        other = Normal.from_log_scale(other_mean, other_log_scale)
        expected = reference.kl_divergence(
            theirs, reference.Independent(reference.Normal(other_mean, other_log_scale.exp()), 1)
        )
        agree(ours.kl(other), expected, [mean, log_scale, other_mean, other_log_scale])


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_bernoulli_agrees_with_the_reference_in_value_and_gradient(seed):
    logits, other, x = random_normal(seed, (2, 1, 4, 5))
    bits = (x > 0).double()
    ours, theirs = Bernoulli(logits, 3), reference.Independent(reference.Bernoulli(logits=logits), 3)
    agree(ours.log_prob(bits), theirs.log_prob(bits), [logits])
    agree(ours.entropy(), theirs.entropy(), [logits])
    expected = reference.kl_divergence(theirs, reference.Independent(reference.Bernoulli(logits=other), 3))
    agree(ours.kl(Bernoulli(other, 3)), expected, [logits, other])


@pytest.mark.parametrize(("mean", "scale"), [(0.0, 1.0), (-2.0, 0.3), (5.0, 4.0)])
def test_normal_by_quadrature(mean, scale):
    p = Normal(torch.tensor([mean]).double(), torch.tensor([scale]).double())
    q = Normal(torch.tensor([0.5]).double(), torch.tensor([1.5]).double())

    x = torch.linspace(mean - 14 * scale, mean + 14 * scale, 20_001, dtype=torch.float64).unsqueeze(1)
    density = p.log_prob(x).exp()

    def integral(values):
        return torch.trapezoid(values, x.squeeze(1)).item()

    assert integral(density) == pytest.approx(1, abs=1e-10)
    assert integral(-density * p.log_prob(x)) == pytest.approx(p.entropy().item(), abs=1e-9)
    assert integral(density * (p.log_prob(x) - q.log_prob(x))) == pytest.approx(p.kl(q).item(), abs=1e-9)


def test_bernoulli_by_enumeration():
    """All 2^4 images of four pixels: probabilities sum to one, and entropy and KL are sums over them."""
    p, q = (Bernoulli(torch.randn(4, dtype=torch.float64) * 2) for _ in range(2))
    images = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 4)
    log_p, log_q = (torch.stack([d.log_prob(image) for image in images]) for d in (p, q))
    assert log_p.exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert -(log_p.exp() * log_p).sum().item() == pytest.approx(p.entropy().item(), abs=1e-12)
    assert (log_p.exp() * (log_p - log_q)).sum().item() == pytest.approx(p.kl(q).item(), abs=1e-12)


def test_a_normal_sample_passes_the_exact_gradient_of_its_moments():
    """E[z²] = mean² + scale², so its gradient is 2 mean and 2 scale: the pathwise estimate agrees within its error."""
    mean, scale = torch.tensor([0.7], dtype=torch.float64), torch.tensor([1.3], dtype=torch.float64)
    n = 20_000
    means, scales = (p.detach().expand(n, 1).clone().requires_grad_() for p in (mean, scale))
    z = Normal(means, scales).sample()
    per_sample = torch.stack(torch.autograd.grad((z**2).sum(), (means, scales)), dim=1)
    assert within_error(per_sample[:, 0, 0], 2 * 0.7)
    assert within_error(per_sample[:, 1, 0], 2 * 1.3)


def test_samples_have_the_distributions_moments():
    normal = Normal(torch.tensor([2.0, -1.0]), torch.tensor([0.5, 3.0]))
    z = normal.sample((20_000,))
    for i in range(2):
        assert within_error(z[:, i], normal.mean[i].item())
        assert within_error((z[:, i] - normal.mean[i]) ** 2, normal.scale[i].item() ** 2)
    coin = Bernoulli(torch.tensor([-1.0, 2.0]))
    flips = coin.sample((20_000,))
    assert set(flips.unique().tolist()) == {0.0, 1.0}
    for i in range(2):
        assert within_error(flips[:, i], coin.mean[i].item())


@pytest.mark.parametrize("bad", [0.0, -1e-3, float("nan")])
def test_a_scale_that_is_not_positive_is_refused_with_its_element(bad):
    scale = torch.ones(2, 3)
    scale[1, 2] = bad
    with pytest.raises(UserError, match=r"scale must be positive everywhere, but element \[1, 2\] is"):
        Normal(torch.zeros(2, 3), scale)


def test_kl_without_a_closed_form_says_what_would_do():
    with pytest.raises(UserError, match="sampled_kl"):
        Normal(torch.zeros(2), torch.ones(2)).kl(Bernoulli(torch.zeros(2)))


def test_a_bernoulli_stays_finite_at_extreme_logits():
    logits = torch.tensor([1e4, -1e4], requires_grad=True)
    value = Bernoulli(logits).log_prob(torch.tensor([0.0, 1.0]))
    value.backward()
    assert value.item() == pytest.approx(-2e4)
    torch.testing.assert_close(logits.grad, torch.tensor([-1.0, 1.0]))


@pytest.mark.parametrize("shape", [(3, 1), (2, 5, 300), (4, 1, 28, 28)])
def test_a_bernoulli_gives_the_same_with_and_without_a_gradient(shape):
    event_dims = max(1, len(shape) - 1 - (len(shape) == 3))
    logits = torch.randn(shape) * 10
    logits.flatten()[:2] = torch.tensor([1e4, -1e4])
    value = torch.rand(shape[-event_dims - (len(shape) == 3) :] if len(shape) == 3 else shape)
    slow = Bernoulli(logits.clone().requires_grad_(), event_dims).log_prob(value)
    fast = Bernoulli(logits, event_dims).log_prob(value)
    assert not fast.requires_grad
    torch.testing.assert_close(fast, slow.detach(), rtol=2e-6, atol=1e-4)
    exact = Bernoulli(logits.double(), event_dims).log_prob(value.double())
    torch.testing.assert_close(fast.double(), exact, rtol=2e-6, atol=1e-4)


def test_a_bernoulli_without_an_event_is_one_coin_each():
    logits = torch.randn(4, 3)
    value = (torch.rand(4, 3) > 0.5).float()
    expected = reference.Bernoulli(logits=logits).log_prob(value)
    torch.testing.assert_close(Bernoulli(logits, 0).log_prob(value), expected)


def test_log_prob_sums_over_the_event_and_never_averages():
    one = Bernoulli(torch.zeros(1, 1, 28, 28), 3).log_prob(torch.ones(1, 1, 28, 28))
    assert one.item() == pytest.approx(-784 * math.log(2), rel=1e-6)
