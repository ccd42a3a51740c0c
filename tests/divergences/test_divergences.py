"""Divergences against closed forms, scipy's quadrature and torch's own distributions, in value and gradient."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, special, stats
from scipy.spatial.distance import jensenshannon
from torch import distributions as reference

from reparam import divergences as div
from reparam.distributions import Normal
from reparam.errors import UserError
from reparam.randomness import generator

SEEDS = st.integers(0, 2**31 - 1)
ALL = (div.kl, div.reverse_kl, div.jensen_shannon, div.total_variation, div.squared_hellinger)
BOUNDS = {div.jensen_shannon: math.log(2), div.total_variation: 1.0, div.squared_hellinger: 1.0}


def draws(seed, *shapes):
    g = generator(seed, "divergences")
    return [torch.randn(shape, generator=g, dtype=torch.float64) for shape in shapes]


def covariances(raw):
    return raw @ raw.mT + 0.3 * torch.eye(raw.shape[-1], dtype=raw.dtype)


def agree(ours, theirs, inputs, tolerance=1e-8):
    """Value and gradient are the same."""
    torch.testing.assert_close(ours, theirs, rtol=tolerance, atol=tolerance)
    for a, b in zip(*[torch.autograd.grad(y.sum(), inputs, retain_graph=True) for y in (ours, theirs)], strict=True):
        torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance)


def normals(seed):
    """Two univariate normals that overlap, as parameters with gradient."""
    raw = draws(seed, (4,))[0]
    return [x.reshape(1).clone().requires_grad_() for x in (raw[0], (raw[1] / 2).exp(), raw[2], (raw[3] / 2).exp())]


# --- discrete distributions ------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_discrete_divergences_agree_with_scipy_and_torch(seed):
    logits = [x.requires_grad_() for x in draws(seed, (3, 7), (3, 7))]
    log_p, log_q = (x.log_softmax(-1) for x in logits)
    theirs = [reference.Categorical(logits=x) for x in logits]
    agree(div.kl(log_p, log_q), reference.kl_divergence(*theirs), logits)
    agree(div.reverse_kl(log_p, log_q), reference.kl_divergence(*theirs[::-1]), logits)
    p, q = (x.exp().detach().numpy() for x in (log_p, log_q))
    np.testing.assert_allclose(div.kl(log_p, log_q).detach(), special.rel_entr(p, q).sum(-1), rtol=1e-10)
    np.testing.assert_allclose(div.jensen_shannon(log_p, log_q).detach(), jensenshannon(p, q, axis=-1) ** 2, rtol=1e-9)
    np.testing.assert_allclose(div.total_variation(log_p, log_q).detach(), np.abs(p - q).sum(-1) / 2, rtol=1e-10)
    affinity = np.sqrt(p * q).sum(-1)
    np.testing.assert_allclose(div.squared_hellinger(log_p, log_q).detach(), 1 - affinity, rtol=1e-9)


@pytest.mark.parametrize("divergence", ALL)
def test_gradients_pass_gradcheck(divergence):
    logits = [x.requires_grad_() for x in draws(3, (2, 5), (2, 5))]
    assert torch.autograd.gradcheck(lambda a, b: divergence(a.log_softmax(-1), b.log_softmax(-1)), logits)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_inequalities_between_divergences_hold(seed):
    log_p, log_q = (3 * x.log_softmax(-1) for x in draws(seed, (9,), (9,)))
    log_p, log_q = log_p.log_softmax(-1), log_q.log_softmax(-1)
    kl, _, jsd, tv, h2 = (float(d(log_p, log_q)) for d in ALL)
    slack = 1e-12
    assert tv**2 <= kl / 2 + slack  # Pinsker
    assert tv**2 / 2 <= jsd + slack <= tv * math.log(2) + 2 * slack  # Lin 1991
    assert h2 <= tv + slack <= math.sqrt(2 * h2) + 2 * slack  # Le Cam


# --- disjoint supports -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", ALL)
def test_disjoint_supports_give_infinity_or_the_bound_and_no_nan(divergence):
    parameters = [x.requires_grad_() for x in draws(0, (4,), (4,))]
    nothing = torch.full((4,), -torch.inf, dtype=torch.float64)
    log_p = torch.cat([parameters[0].log_softmax(-1), nothing])
    log_q = torch.cat([nothing, parameters[1].log_softmax(-1)])
    value = divergence(log_p, log_q)
    assert value.item() == pytest.approx(BOUNDS.get(divergence, math.inf), abs=1e-15)
    for gradient in torch.autograd.grad(value, parameters):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("divergence", ALL)
def test_points_where_both_densities_are_zero_do_not_count(divergence):
    log_p, log_q = (x.log_softmax(-1) for x in draws(1, (6,), (6,)))
    nothing = torch.full((3,), -torch.inf, dtype=torch.float64)
    padded = divergence(torch.cat([log_p, nothing]), torch.cat([log_q, nothing]))
    torch.testing.assert_close(padded, divergence(log_p, log_q))


def test_kl_is_finite_where_q_only_underflows():
    """exp(-2000) is zero in floating point, and the density is not: the KL is 2000 and must not become infinite."""
    log_p, log_q = torch.tensor([0.0, -torch.inf]), torch.tensor([-2000.0, 0.0])
    assert div.kl(log_p, log_q).item() == 2000.0


def test_the_jensen_shannon_divergence_never_exceeds_log_2():
    coarse = div.interval(-40.0, 40.0, panels=11)
    p, q = (Normal(torch.tensor([m]).double(), torch.tensor([0.3]).double()) for m in (-15.0, 15.0))
    assert coarse.integrate(p.log_prob(coarse.points).exp()) > 1.01, "the rule is meant to overshoot"
    assert div.between(div.jensen_shannon, p, q, coarse).item() == pytest.approx(math.log(2), abs=1e-15)
    uniform = [torch.where(torch.arange(8) // 4 == side, 0.25, 0.0).double().log() for side in (0, 1)]
    assert div.jensen_shannon(*uniform).item() <= math.log(2)


# --- normals: closed form, quadrature --------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_kl_between_normals_agrees_with_torch(seed):
    m, n, a, b = (x.requires_grad_() for x in draws(seed, (3, 4), (3, 4), (3, 4, 4), (3, 4, 4)))
    diagonal = [reference.Independent(reference.Normal(x, y[..., 0].exp()), 1) for x, y in ((m, a), (n, b))]
    ours = div.kl_diagonal(m, a[..., 0].exp(), n, b[..., 0].exp())
    agree(ours, reference.kl_divergence(*diagonal), [m, n, a, b])
    full = [reference.MultivariateNormal(x, covariances(y)) for x, y in ((m, a), (n, b))]
    agree(div.kl_full(m, covariances(a), n, covariances(b)), reference.kl_divergence(*full), [m, n, a, b], 1e-6)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_full_covariances_that_are_diagonal_agree_with_the_diagonal_forms(seed):
    m, n, a, b = draws(seed, (2, 3), (2, 3), (2, 3), (2, 3))
    scales = [x.exp() for x in (a, b)]
    full = [torch.diag_embed(s**2) for s in scales]
    for diagonal, general in ((div.kl_diagonal, div.kl_full), (div.hellinger_diagonal, div.hellinger_full)):
        torch.testing.assert_close(
            diagonal(m, scales[0], n, scales[1]), general(m, full[0], n, full[1]), rtol=1e-9, atol=1e-10
        )


CLOSED = {div.kl: div.kl_diagonal, div.squared_hellinger: div.hellinger_diagonal}


@settings(max_examples=20, deadline=None)
@given(SEEDS)
@pytest.mark.parametrize("divergence", CLOSED)
def test_quadrature_agrees_with_the_closed_form_in_value_and_gradient(divergence, seed):
    parameters = normals(seed)
    p, q = Normal(*parameters[:2]), Normal(*parameters[2:])
    ours = div.between(divergence, p, q, div.interval(-40.0, 40.0, 400))
    agree(ours, CLOSED[divergence](*parameters), parameters, 1e-7)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_total_variation_of_univariate_normals_agrees_with_scipy_piece_by_piece(seed):
    """Between the crossings of the densities, found by bisection, |p - q| integrates to a difference of masses."""
    parameters = normals(seed)
    p, q = (stats.norm(*(x.item() for x in pair)) for pair in (parameters[:2], parameters[2:]))
    grid = np.linspace(-60, 60, 12_001)
    apart = p.logpdf(grid) - q.logpdf(grid)
    crossings = [
        optimize.brentq(lambda x: p.logpdf(x) - q.logpdf(x), grid[i], grid[i + 1])
        for i in np.flatnonzero(apart[1:] * apart[:-1] < 0)
    ]
    masses = [np.diff(x.cdf([-np.inf, *crossings, np.inf])) for x in (p, q)]
    ours = div.total_variation_univariate(*parameters)
    assert ours.item() == pytest.approx(np.abs(masses[0] - masses[1]).sum() / 2, abs=1e-9)
    assert torch.autograd.gradcheck(div.total_variation_univariate, parameters)


@pytest.mark.parametrize("log_ratio", [0.0, 1e-9, 1e-7, 1e-6, 1e-4])
def test_total_variation_is_continuous_where_the_scales_become_equal(log_ratio):
    scale = torch.tensor(math.exp(log_ratio), dtype=torch.float64)
    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    for shift in (0.0, 0.5, 3.0):
        ours = div.total_variation_univariate(zero, one, zero + shift, scale)
        assert float(ours) == pytest.approx(2 * stats.norm.cdf(shift / 2) - 1, abs=max(1e-8, log_ratio))


def test_total_variation_of_equal_covariances_is_univariate_along_the_line_between():
    m, n, raw = draws(5, (3,), (3,), (3, 3))
    covariance = covariances(raw)
    ours = div.total_variation_equal_covariance(m, n, covariance)
    distance = ((m - n) @ torch.linalg.inv(covariance) @ (m - n)).sqrt()
    one = torch.ones((), dtype=torch.float64)
    torch.testing.assert_close(ours, div.total_variation_univariate(0 * one, one, distance, one))


@pytest.mark.parametrize("divergence", [div.jensen_shannon, div.kl, div.squared_hellinger])
def test_a_grid_in_the_plane_agrees_with_the_line(divergence):
    """Product densities that differ in one coordinate only have the divergence of that coordinate."""
    p, q = (
        Normal(torch.tensor(m).double(), torch.tensor(s).double())
        for m, s in (([0.0, 1], [1, 0.7]), ([2.0, 1], [0.5, 0.7]))
    )
    p1, q1 = (Normal(x.mean[:1], x.scale[:1]) for x in (p, q))
    plane = div.between(divergence, p, q, div.grid([-8.0, -8.0], [8.0, 8.0], panels=24))
    line = div.between(divergence, p1, q1, div.interval(-8.0, 8.0, 200))
    assert float(plane) == pytest.approx(float(line), rel=1e-7)


def test_quadrature_converges_at_its_order():
    """Halving the panels of a two-panel rule on exp(3 x) divides the error by about 2^16."""
    errors = [
        abs(float(n.integrate((7 * n.points[:, 0]).exp())) - (math.exp(7) - 1) / 7)
        for n in (div.interval(0.0, 1.0, k) for k in (1, 2))
    ]
    assert errors[0] / errors[1] > 2**13


# --- sampling --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("divergence", ALL)
def test_sampling_agrees_with_quadrature_within_its_error(divergence):
    p, q = (Normal(torch.tensor([m]).double(), torch.tensor([s]).double()) for m, s in ((0.0, 1.0), (1.0, 0.8)))
    exact = div.between(divergence, p, q, div.interval(-14.0, 14.0, 2000))
    found = div.estimate(divergence, p, q, 20_000)
    assert abs(float(found.value - exact)) < 4.5 * float(found.error)
    assert float(found.error) < 0.05


@pytest.mark.parametrize("divergence", ALL)
def test_the_standard_error_is_the_spread_of_repetitions_and_falls_like_the_root_of_n(divergence):
    p, q = (Normal(torch.tensor([m]).double(), torch.ones(1).double()) for m in (0.0, 0.7))
    spreads = []
    for n in (100, 1600):
        repeats = [div.estimate(divergence, p, q, n) for _ in range(150)]
        spreads.append(float(torch.stack([r.value for r in repeats]).std()))
        claimed = float(torch.stack([r.error for r in repeats]).mean())
        assert claimed == pytest.approx(spreads[-1], rel=0.25)
    assert math.log(spreads[0] / spreads[1]) / math.log(16) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize("divergence", [div.kl, div.jensen_shannon])
def test_sampled_gradients_have_the_exact_mean(divergence):
    mean = torch.tensor([0.6], dtype=torch.float64, requires_grad=True)
    one = torch.ones(1, dtype=torch.float64)
    p, q = Normal(mean, one), Normal(torch.zeros(1).double(), one)
    exact = torch.autograd.grad(div.between(divergence, p, q, div.interval(-12.0, 12.0)), mean)[0]
    gradients = torch.stack(
        [torch.autograd.grad(div.estimate(divergence, p, q, 100).value, mean)[0] for _ in range(300)]
    )
    assert abs(float(gradients.mean() - exact)) < 4.5 * float(gradients.std()) / 300**0.5


@pytest.mark.parametrize("divergence", ALL)
def test_sampling_disjoint_supports_gives_infinity_or_the_bound(divergence):
    class Segment:
        def __init__(self, low):
            self.low = low

        def sample(self, shape):
            return self.low + torch.rand(*shape, 1)

        def log_prob(self, x):
            inside = ((x >= self.low) & (x <= self.low + 1)).squeeze(-1)
            return torch.where(inside, 0.0, -torch.inf)

    found = div.estimate(divergence, Segment(0.0), Segment(2.0), 50)
    assert float(found.value) == pytest.approx(BOUNDS.get(divergence, math.inf))
    assert not found.error.isnan()


# --- refusals --------------------------------------------------------------------------------------------------------


def test_what_cannot_work_is_refused_in_words():
    p = Normal(torch.zeros(1), torch.ones(1))
    eye = torch.eye(2)
    for attempt, words in (
        (lambda: div.interval(1.0, 0.0), "low < high"),
        (lambda: div.interval(0.0, 1.0, 0), "at least 1"),
        (lambda: div.grid([0.0], [1.0, 2.0]), "one each per dimension"),
        (lambda: div.grid([0.0] * 4, [1.0] * 4), "too large"),
        (lambda: div.kl_full(torch.zeros(2), eye, torch.zeros(2), -eye), "the second covariance is not symmetric"),
        (lambda: div.kl_full(torch.zeros(2), eye + torch.ones(2, 2).triu(1), torch.zeros(2), eye), "the first"),
        (lambda: div.estimate(div.kl, p, p, 1), "at least 2"),
        (lambda: div.estimate(torch.add, p, p, 10), "has no estimator"),
    ):
        with pytest.raises(UserError, match=words):
            attempt()
