"""The families beyond normal and coin, against torch's own, enumeration and quadrature; value and gradient."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as reference

from helpers import agree
from oracles import within_error
from reparam.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    DiscretizedLogistic,
    MultivariateNormal,
    Normal,
    NormalMixture,
)
from reparam.errors import UserError

SEEDS = st.integers(0, 2**31 - 1)


def randn(seed, *shapes, scale=1.0):
    g = torch.Generator().manual_seed(seed)
    return [(scale * torch.randn(shape, generator=g, dtype=torch.float64)).requires_grad_() for shape in shapes]


def full_normal(mean, log_diagonal, below):
    """Ours, and the same L built without ours."""
    dim = mean.shape[-1]
    cholesky = torch.diag_embed(log_diagonal.exp())
    for k, (i, j) in enumerate(zip(*torch.tril_indices(dim, dim, -1).tolist(), strict=True)):
        unit = torch.zeros(dim, dim, dtype=mean.dtype)
        unit[i, j] = 1.0
        cholesky = cholesky + below[..., k, None, None] * unit
    return MultivariateNormal.from_log_diagonal(mean, log_diagonal, below), cholesky


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_full_normal_agrees_with_the_reference(seed):
    shapes = [(4, 3), (4, 3), (4, 3)]
    mean, log_diagonal, below, x = randn(seed, *shapes, (4, 3))
    other_mean, other_log_diagonal, other_below = randn(seed + 1, *shapes)
    ours, cholesky = full_normal(mean, log_diagonal, below)
    other, other_cholesky = full_normal(other_mean, other_log_diagonal, other_below)
    theirs = reference.MultivariateNormal(mean, scale_tril=cholesky)
    inputs = [mean, log_diagonal, below]
    torch.testing.assert_close(ours.cholesky, cholesky)
    agree(ours.log_prob(x), theirs.log_prob(x), [*inputs, x])
    agree(ours.entropy(), theirs.entropy(), [log_diagonal])
    expected = reference.kl_divergence(theirs, reference.MultivariateNormal(other_mean, scale_tril=other_cholesky))
    agree(ours.kl(other), expected, [*inputs, other_mean, other_log_diagonal, other_below])
    diagonal = Normal.from_log_scale(other_mean, other_log_diagonal)
    expected = reference.kl_divergence(
        theirs, reference.MultivariateNormal(other_mean, scale_tril=torch.diag_embed(other_log_diagonal.exp()))
    )
    agree(ours.kl(diagonal), expected, [*inputs, other_mean, other_log_diagonal])
    agree(MultivariateNormal(mean, cholesky).log_prob(x), theirs.log_prob(x), [*inputs, x])


def test_a_full_normals_draws_have_its_moments_and_say_their_own_density():
    torch.manual_seed(0)
    normal, _ = full_normal(*randn(3, (3,), (3,), (3,)))
    z, log_q = normal.sample_and_log_prob((40_000,))
    torch.testing.assert_close(log_q, normal.log_prob(z))
    for i in range(3):
        assert within_error(z[:, i], normal.mean[i].item())
        for j in range(3):
            product = (z[:, i] - normal.mean[i]) * (z[:, j] - normal.mean[j])
            assert within_error(product, normal.covariance[i, j].item())


def test_a_full_normal_refuses_a_diagonal_that_is_not_positive():
    with pytest.raises(UserError, match=r"diagonal must be positive everywhere, but element \[1\] is -1"):
        MultivariateNormal(torch.zeros(2), torch.diag(torch.tensor([1.0, -1.0])))


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_continuous_bernoulli_agrees_with_the_reference(seed):
    """The reference approximates the normalizer near λ = ½: compare outside, and by quadrature inside (below)."""
    logits, other, raw = randn(seed, (5, 4), (5, 4), (5, 4), scale=4.0)
    x = raw.detach().sigmoid().requires_grad_()
    ours = ContinuousBernoulli(logits)
    limits = (0.499999, 0.500001)
    theirs = reference.Independent(reference.ContinuousBernoulli(logits=logits, lims=limits), 1)
    agree(ours.log_prob(x), theirs.log_prob(x), [logits, x])
    other_reference = reference.Independent(reference.ContinuousBernoulli(logits=other, lims=limits), 1)
    torch.testing.assert_close(ours.entropy(), theirs.base_dist.entropy().sum(-1), rtol=1e-7, atol=1e-7)
    expected = reference.kl_divergence(theirs, other_reference)
    torch.testing.assert_close(ours.kl(ContinuousBernoulli(other)), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize("logit", [-30.0, -2.0, -0.11, -0.09, -1e-3, 0.0, 1e-6, 0.05, 0.099, 0.101, 3.0, 40.0])
def test_a_continuous_bernoulli_by_quadrature(logit):
    p = ContinuousBernoulli(torch.tensor([logit], dtype=torch.float64, requires_grad=True))
    x = torch.linspace(0, 1, 200_001, dtype=torch.float64).unsqueeze(1)
    density = p.log_prob(x).exp()
    mean = torch.trapezoid(density * x.squeeze(1), x.squeeze(1))
    assert torch.trapezoid(density, x.squeeze(1)).item() == pytest.approx(1, abs=1e-7)
    assert p.mean.item() == pytest.approx(mean.item(), abs=1e-7)
    # the log-normalizer's derivative is the mean: score zero at x = mean
    (score,) = torch.autograd.grad(p.log_prob(p.mean.detach()), p.logits)
    assert score.item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("logit", [-20.0, -1.0, 0.0, 2e-4, -2e-3, 0.5, 9.0])
def test_a_continuous_bernoullis_draws_have_its_moments_and_gradient(logit):
    torch.manual_seed(1)
    logits = torch.full((20_000, 1), logit, dtype=torch.float64, requires_grad=True)
    x = ContinuousBernoulli(logits).sample()
    assert 0 <= x.min() <= x.max() <= 1
    p = ContinuousBernoulli(torch.tensor([logit], dtype=torch.float64, requires_grad=True))
    (exact,) = torch.autograd.grad(p.mean, p.logits)
    (pathwise,) = torch.autograd.grad(x.sum(), logits)
    assert within_error(x[:, 0], p.mean.item())
    assert within_error(pathwise[:, 0], exact.item())


@settings(max_examples=20, deadline=None)
@given(st.floats(-0.5, 1.5), st.floats(-7, 1))
def test_a_discretized_logistic_sums_to_one_over_its_256_values(location, log_scale):
    p = DiscretizedLogistic(*(torch.tensor([v], dtype=torch.float64) for v in (location, log_scale)))
    values = torch.arange(256, dtype=torch.float64).unsqueeze(1) / 255
    log_mass = p.log_prob(values)
    assert log_mass.exp().sum().item() == pytest.approx(1, abs=1e-12)
    assert torch.isfinite(log_mass).all()
    assert p.entropy().item() == pytest.approx(-(log_mass.exp() * log_mass).sum().item(), abs=1e-10)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_discretized_logistic_is_the_difference_of_distribution_functions(seed):
    """Against the naive difference of sigmoids, where that keeps its digits; value and gradient."""
    location, log_scale = randn(seed, (3, 4), (3, 4), scale=0.5)
    value = torch.randint(0, 256, (3, 4), generator=torch.Generator().manual_seed(seed)).double() / 255
    scale, half = log_scale.exp(), 0.5 / 255
    upper = torch.where(value > 1 - half, math.inf, (value + half - location) / scale)
    lower = torch.where(value < half, -math.inf, (value - half - location) / scale)
    naive = (upper.sigmoid() - lower.sigmoid()).log().sum(-1)
    ours = DiscretizedLogistic(location, log_scale).log_prob(value)
    torch.testing.assert_close(ours, naive, rtol=1e-9, atol=1e-9)
    for a, b in zip(*(torch.autograd.grad(y.sum(), [location, log_scale]) for y in (ours, naive)), strict=True):
        torch.testing.assert_close(a, b, rtol=1e-7, atol=1e-7)


def test_a_discretized_logistics_draws_are_as_frequent_as_it_says():
    torch.manual_seed(0)
    p = DiscretizedLogistic(torch.tensor([0.02]), torch.tensor([-3.0]))
    draws = p.sample((50_000,))
    for value in (0.0, 5 / 255, 20 / 255):
        hits = ((draws[:, 0] - value).abs() < 1e-6).float()
        assert within_error(hits, p.log_prob(torch.tensor([value])).exp().item())
    assert p.bits_per_dimension(torch.zeros(1)).item() == pytest.approx(
        -p.log_prob(torch.zeros(1)).item() / math.log(2)
    )


def test_a_discretized_logistic_is_finite_far_from_its_mean():
    location = torch.tensor([0.0], requires_grad=True)
    value = DiscretizedLogistic(location, torch.tensor([-9.0])).log_prob(torch.tensor([200 / 255]))
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(location.grad).all()


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_categorical_agrees_with_the_reference(seed):
    logits, other = randn(seed, (3, 2, 5), (3, 2, 5), scale=2.0)
    level = torch.randint(0, 5, (3, 2), generator=torch.Generator().manual_seed(seed))
    ours, theirs = Categorical(logits), reference.Independent(reference.Categorical(logits=logits), 1)
    agree(ours.log_prob(level / 4), theirs.log_prob(level), [logits])
    agree(ours.entropy(), theirs.entropy(), [logits])
    expected = reference.kl_divergence(theirs, reference.Independent(reference.Categorical(logits=other), 1))
    agree(ours.kl(Categorical(other)), expected, [logits, other])
    agree(ours.mean, (logits.softmax(-1) * torch.linspace(0, 1, 5, dtype=torch.float64)).sum(-1), [logits])


def test_a_categoricals_draws_are_as_frequent_as_it_says():
    torch.manual_seed(0)
    p = Categorical(torch.tensor([[0.0, 1.0, -1.0, 0.5]]))
    draws = p.sample((30_000,))
    for level in range(4):
        hits = ((draws[:, 0] * 3 - level).abs() < 0.1).float()
        assert within_error(hits, p.logits.softmax(-1)[0, level].item())


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_a_mixture_agrees_with_the_reference(seed):
    logits, mean, log_scale, z = randn(seed, (6,), (6, 3), (6, 3), (2, 5, 3))
    components = reference.Independent(reference.Normal(mean, log_scale.exp()), 1)
    theirs = reference.MixtureSameFamily(reference.Categorical(logits=logits), components)
    ours = NormalMixture(logits, Normal.from_log_scale(mean, log_scale))
    agree(ours.log_prob(z), theirs.log_prob(z), [logits, mean, log_scale, z])
    agree(ours.mean, theirs.mean, [logits, mean])


def test_a_mixture_of_narrow_components_keeps_its_digits_in_float32():
    """Squares expanded in float32 would be off by a tenth of a nat here."""
    torch.manual_seed(0)
    mean, log_scale = torch.randn(50, 40) * 3, torch.full((50, 40), -5.0)
    z = mean[:20] + log_scale[:20].exp() * torch.randn(20, 40)
    ours = NormalMixture(torch.zeros(50), Normal.from_log_scale(mean, log_scale)).log_prob(z)
    exact = NormalMixture(torch.zeros(50).double(), Normal.from_log_scale(mean.double(), log_scale.double()))
    components = Normal.from_log_scale(mean.double(), log_scale.double()).log_prob(z.double().unsqueeze(1))
    torch.testing.assert_close(exact.log_prob(z.double()), components.logsumexp(1) - math.log(50))
    torch.testing.assert_close(ours.double(), exact.log_prob(z.double()), rtol=0, atol=1e-4)


def test_a_mixtures_draws_come_from_its_components_by_their_weights():
    torch.manual_seed(0)
    mixture = NormalMixture(torch.tensor([0.0, math.log(3.0)]), Normal(torch.tensor([[-5.0], [5.0]]), torch.ones(2, 1)))
    z = mixture.sample((20_000,))
    assert within_error((z[:, 0] > 0).float(), 0.75)
    assert within_error(z[:, 0], mixture.mean.item())
    assert mixture.sample(()).shape == (1,)
    assert mixture.sample((4, 2)).shape == (4, 2, 1)
    with pytest.raises(UserError, match="no closed form"):
        mixture.entropy()


LEVELS = torch.arange(256, dtype=torch.float64).unsqueeze(1) / 255


@pytest.mark.parametrize(
    ("p", "values"),
    [
        (Bernoulli(torch.tensor([0.7], dtype=torch.float64)), LEVELS[[0, 255]]),
        (
            Categorical(torch.tensor([[[0.3, -1.0, 2.0, 0.1]]], dtype=torch.float64).expand(4, 1, 4)),
            LEVELS[[0, 85, 170, 255]],
        ),
        (DiscretizedLogistic(*(torch.tensor([v], dtype=torch.float64) for v in (0.3, -1.5))), LEVELS),
        (DiscretizedLogistic(*(torch.tensor([v], dtype=torch.float64) for v in (1.1, -6.0))), LEVELS),
    ],
    ids=["coin", "levels", "logistic", "beyond"],
)
def test_the_distribution_function_of_values_with_a_probability_is_the_sum_of_these(p, values):
    below, up_to = (end[:, 0] for end in p.cumulative(values))
    masses = p.log_prob(values).exp()
    torch.testing.assert_close(up_to, masses.cumsum(0), rtol=0, atol=1e-12)
    torch.testing.assert_close(below[1:], masses.cumsum(0)[:-1], rtol=0, atol=1e-12)
    assert below[0] == 0


@settings(max_examples=20, deadline=None)
@given(SEEDS, st.floats(-3, 1))
def test_the_distribution_function_of_a_density_is_the_references(seed, log_size):
    logits, log_scale = (values.detach() for values in randn(seed, (5, 3), (5, 3), scale=math.exp(log_size)))
    x = torch.rand(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    for ours, theirs in (
        (ContinuousBernoulli(logits), reference.ContinuousBernoulli(logits=logits, lims=(0.4999, 0.5001))),
        (Normal.from_log_scale(logits, log_scale.tanh()), reference.Normal(logits, log_scale.tanh().exp())),
    ):
        below, up_to = ours.cumulative(x)
        torch.testing.assert_close(up_to, theirs.cdf(x), rtol=1e-5, atol=1e-7)
        assert torch.equal(below, up_to)


@settings(max_examples=20, deadline=None)
@given(st.floats(-300, 300).filter(lambda logit: abs(logit) > 0.1), st.floats(0, 1))
def test_a_continuous_bernoullis_distribution_function_is_the_closed_form(logit, x):
    p = ContinuousBernoulli(torch.tensor([logit], dtype=torch.float64))
    expected = math.expm1(logit * x) / math.expm1(logit)
    assert p.cumulative(torch.tensor([x], dtype=torch.float64))[0].item() == pytest.approx(
        expected, rel=1e-9, abs=1e-15
    )


@pytest.mark.parametrize("logits", [-900.0, -1e-4, 0.0, 1e-9, 1e-4, 900.0])
def test_a_continuous_bernoullis_distribution_function_inverts_its_draws(logits):
    p = ContinuousBernoulli(torch.tensor([logits], dtype=torch.float64))
    torch.manual_seed(0)
    u = torch.rand(50, 1, dtype=torch.float64)
    torch.manual_seed(0)
    expected = 1 - u if logits > 1e-3 else u  # draws of positive logits are reflected
    torch.testing.assert_close(p.cumulative(p.sample((50,)))[1], expected, rtol=1e-6, atol=1e-6)


def test_where_there_is_no_distribution_function_it_is_said():
    with pytest.raises(UserError, match="the distribution function of a NormalMixture has no closed form"):
        NormalMixture(torch.zeros(2), Normal(torch.zeros(2, 1), torch.ones(2, 1))).cumulative(torch.zeros(1))
