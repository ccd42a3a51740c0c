"""Transport against POT, scipy, closed forms and linear programming, in value and gradient."""

import math

import numpy as np
import ot
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, optimize, stats

from reparam import transport
from reparam.errors import UserError
from reparam.randomness import generator

SEEDS = st.integers(0, 2**31 - 1)
ORDERS = st.sampled_from([1.0, 1.5, 2.0, 3.0])


def problem(seed, n=7, m=5, d=3):
    """Points with gradient, and weights of one total."""
    g = generator(seed, "transport")
    x, y = (torch.randn(k, d, generator=g, dtype=torch.float64).requires_grad_() for k in (n, m))
    a, b = (torch.rand(k, generator=g, dtype=torch.float64) + 0.05 for k in (n, m))
    return x, y, a / a.sum(), b / b.sum()


def central_difference(function, at, step=1e-5):
    """The gradient of a scalar function of one tensor, entry by entry."""
    at = at.detach()
    slopes = torch.zeros_like(at)
    for index in np.ndindex(*at.shape):
        ends = [at.clone(), at.clone()]
        ends[0][index] += step
        ends[1][index] -= step
        slopes[index] = (function(ends[0]) - function(ends[1])) / (2 * step)
    return slopes


# --- exact plans -----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS, ORDERS)
def test_the_exact_distance_agrees_with_linear_programming_and_pot(seed, p):
    x, y, a, b = problem(seed)
    ours = transport.wasserstein(x, y, a, b, p)
    costs = np.linalg.norm(x.detach().numpy()[:, None] - y.detach().numpy()[None], axis=-1) ** p
    rows, columns = np.kron(np.eye(7), np.ones((1, 5))), np.kron(np.ones((1, 7)), np.eye(5))
    margins = np.concatenate([a, b])
    solution = optimize.linprog(costs.ravel(), A_eq=np.vstack([rows, columns]), b_eq=margins, method="highs")
    assert ours.item() == pytest.approx(solution.fun ** (1 / p), rel=1e-9)
    assert ours.item() == pytest.approx(ot.emd2(a.numpy(), b.numpy(), costs) ** (1 / p), rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(SEEDS, ORDERS)
def test_the_exact_distance_has_the_gradient_of_its_differences(seed, p):
    x, y, a, b = problem(seed, 5, 4, 2)
    a.requires_grad_()
    gradients = torch.autograd.grad(transport.wasserstein(x, y, a, b, p), (x, y, a))
    with torch.no_grad():
        expected = (
            central_difference(lambda z: transport.wasserstein(z, y, a, b, p), x),
            central_difference(lambda z: transport.wasserstein(x, z, a, b, p), y),
            central_difference(lambda z: transport.wasserstein(x, y, z / z.sum(), b, p), a),
        )
    for ours, theirs in zip(gradients, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)


def test_the_gradient_agrees_with_pots_own_backend():
    x, y, a, b = problem(11)
    theirs = torch.autograd.grad(ot.emd2(a, b, torch.cdist(x, y)), (x, y))
    for ours, other in zip(torch.autograd.grad(transport.wasserstein(x, y, a, b), (x, y)), theirs, strict=True):
        torch.testing.assert_close(ours, other)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_a_plan_has_its_margins_and_its_dual_certifies_it(seed):
    x, y, a, b = problem(seed)
    plan = transport.exact_plan(transport.cost_matrix(x, y), 10 * a, 10 * b)
    torch.testing.assert_close(plan.mass.sum(1), 10 * a)
    torch.testing.assert_close(plan.mass.sum(0), 10 * b)
    u, v = plan.potentials
    slack = plan.unit_cost - u[:, None] - v
    assert slack.min() > -1e-9
    assert slack[plan.mass > 1e-12].abs().max() < 1e-9
    torch.testing.assert_close(10 * (a @ u + b @ v), plan.cost)


def test_moves_add_up_to_the_plan():
    piles, wanted = torch.tensor([3.0, 2, 1, 4]), torch.tensor([1.0, 2, 4, 3])
    places = torch.arange(4.0).unsqueeze(1)
    plan = transport.exact_plan(transport.cost_matrix(places, places), piles, wanted)
    assert plan.cost.item() == pytest.approx(5)
    moves = plan.moves()
    assert sum(move.cost for move in moves) == pytest.approx(5)
    after = piles.clone()
    for move in moves:
        assert move.source != move.target
        after[move.source] -= move.mass
        after[move.target] += move.mass
    torch.testing.assert_close(after, wanted)
    assert sum(move.mass for move in plan.moves(resting=True)) == pytest.approx(10)


@settings(max_examples=15, deadline=None)
@given(SEEDS, ORDERS)
def test_the_distance_is_a_metric(seed, p):
    x, y, a, b = problem(seed)
    z = x.detach() + y.detach().mean(0)
    xy, yx = transport.wasserstein(x, y, a, b, p), transport.wasserstein(y, x, b, a, p)
    torch.testing.assert_close(xy, yx)
    assert xy <= transport.wasserstein(x, z, a, a, p) + transport.wasserstein(z, y, a, b, p) + 1e-9
    shuffled = torch.randperm(7)
    same = transport.wasserstein(x, x[shuffled], a, a[shuffled], p)
    assert same.item() == pytest.approx(0, abs=1e-9)
    assert torch.isfinite(torch.autograd.grad(same, x)[0]).all()


def test_the_distance_between_samples_falls_to_the_true_one():
    """On the line the distance of n draws to their law falls like n^-½."""
    g = generator(0, "rate")
    means = []
    for n in (50, 800):
        repeats = [
            transport.wasserstein_1d(*torch.randn(2, n, generator=g, dtype=torch.float64)).item() for _ in range(60)
        ]
        means.append(np.mean(repeats))
    assert math.log(means[0] / means[1]) / math.log(16) == pytest.approx(0.5, abs=0.1)


# --- the line --------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS, ORDERS)
def test_the_line_agrees_with_pot_and_with_the_exact_plan_in_value_and_gradient(seed, p):
    x, y, a, b = problem(seed, d=1)
    a.requires_grad_()
    ours = transport.wasserstein_1d(x[:, 0], y[:, 0], a, b, p)
    numbers = [t.detach().numpy() for t in (x[:, 0], y[:, 0], a, b)]
    assert ours.item() == pytest.approx(ot.wasserstein_1d(*numbers, p=p) ** (1 / p), rel=1e-9)
    exact = transport.wasserstein(x, y, a, b, p)
    assert ours.item() == pytest.approx(exact.item(), rel=1e-8)
    for mine, other in zip(*[torch.autograd.grad(w, (x, y, a)) for w in (ours, exact)], strict=True):
        torch.testing.assert_close(mine - mine.mean(), other - other.mean(), rtol=1e-6, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_line_agrees_with_scipy(seed):
    x, y, a, b = problem(seed, n=9, m=9, d=1)
    for weights in ((None, None), (a, b)):
        ours = transport.wasserstein_1d(x[:, 0], y[:, 0], *weights)
        theirs = stats.wasserstein_distance(x[:, 0].detach(), y[:, 0].detach(), *weights)
        assert ours.item() == pytest.approx(theirs, rel=1e-9)


def test_points_without_weight_do_not_count():
    x, y = torch.tensor([0.0, 100.0, 1.0]), torch.tensor([-50.0, 2.0, 3.0])
    a, b = torch.tensor([0.5, 0.0, 0.5]), torch.tensor([0.0, 0.5, 0.5])
    assert transport.wasserstein_1d(x, y, a, b).item() == pytest.approx(2)
    assert transport.wasserstein(x[:, None], y[:, None], a, b).item() == pytest.approx(2)


# --- normals ---------------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_normals_agree_with_the_matrix_root_and_pot(seed):
    g = generator(seed, "bures")
    m, n = (torch.randn(3, generator=g, dtype=torch.float64) for _ in range(2))
    raw = [torch.randn(3, 3, generator=g, dtype=torch.float64) for _ in range(2)]
    c, d = (r @ r.T + 0.2 * torch.eye(3, dtype=torch.float64) for r in raw)
    ours = transport.wasserstein2_full(m, c, n, d)
    half = linalg.sqrtm(c.numpy())
    cross = linalg.sqrtm(half @ d.numpy() @ half).real
    exact = ((m - n) ** 2).sum().item() + np.trace(c.numpy() + d.numpy() - 2 * cross)
    assert ours.item() == pytest.approx(math.sqrt(exact), rel=1e-7)
    assert ours.item() == pytest.approx(float(ot.gaussian.bures_wasserstein_distance(m, n, c, d)), rel=1e-6)


def test_the_gradient_between_normals_is_that_of_the_differences():
    """Both where eigenvalues differ and where they coincide."""
    eye = torch.eye(2, dtype=torch.float64)
    tilted = torch.tensor([[1.5, 0.4], [0.4, 0.8]], dtype=torch.float64)
    zero, one = torch.zeros(2, dtype=torch.float64), torch.ones(2, dtype=torch.float64)
    for at in (tilted, 2 * eye):
        at = at.clone().requires_grad_()
        gradient = torch.autograd.grad(transport.wasserstein2_full(zero, at, one, eye), at)[0]

        def symmetric(c):
            return transport.wasserstein2_full(zero, (c + c.T) / 2, one, eye)

        torch.testing.assert_close((gradient + gradient.T) / 2, central_difference(symmetric, at), rtol=1e-6, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(SEEDS)
def test_diagonal_normals_agree_with_full_ones_and_with_quantiles(seed):
    g = generator(seed, "diagonal")
    m, n, s, t = (torch.randn(2, generator=g, dtype=torch.float64) for _ in range(4))
    s, t = s.exp(), t.exp()
    full = transport.wasserstein2_full(m, torch.diag(s**2), n, torch.diag(t**2))
    torch.testing.assert_close(transport.wasserstein2_diagonal(m, s, n, t), full)
    u = torch.special.ndtri((torch.arange(20_000, dtype=torch.float64) + 0.5) / 20_000)
    along = transport.wasserstein_1d(m[0] + s[0] * u, n[0] + t[0] * u, p=2)
    assert along.item() == pytest.approx(transport.wasserstein2_diagonal(m[:1], s[:1], n[:1], t[:1]).item(), rel=1e-3)


def test_equal_normals_are_at_distance_zero_with_a_finite_gradient():
    mean = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    eye = torch.eye(2, dtype=torch.float64)
    distance = transport.wasserstein2_full(mean, eye, mean.detach(), eye)
    assert distance.item() == pytest.approx(0, abs=1e-7)
    assert torch.isfinite(torch.autograd.grad(distance, mean)[0]).all()


# --- sliced ----------------------------------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(SEEDS, ORDERS)
def test_slices_agree_with_pot_along_the_same_directions(seed, p):
    x, y, a, b = problem(seed)
    directions = torch.nn.functional.normalize(torch.randn(20, 3, generator=generator(seed), dtype=torch.float64))
    ours = transport.sliced_wasserstein(x, y, a, b, p, directions)
    plain = [t.detach().numpy() for t in (x, y, a, b)]
    theirs = ot.sliced_wasserstein_distance(*plain, p=p, projections=directions.T.numpy())
    assert ours.item() == pytest.approx(float(theirs), rel=1e-8)
    assert ours <= transport.wasserstein(x, y, a, b, p) + 1e-9
    gradient = torch.autograd.grad(ours, x)[0]
    # of order 1 it is made of straight pieces: a short step costs no accuracy, and seldom ends on another piece
    step = 1e-7 if p == 1 else 1e-5
    with torch.no_grad():
        expected = central_difference(lambda z: transport.sliced_wasserstein(z, y, a, b, p, directions), x, step)
    torch.testing.assert_close(gradient, expected, rtol=1e-5, atol=1e-7)


def test_the_error_of_slicing_falls_like_the_root_of_the_directions():
    """Two points at distance 1 in the plane: the mean of cos² over directions is ½."""
    x, y = torch.zeros(1, 2, dtype=torch.float64), torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    errors = []
    for k in (10, 160):
        repeats = torch.stack([transport.sliced_wasserstein(x, y, directions=k) ** 2 for _ in range(200)])
        assert abs(repeats.mean() - 0.5) < 4.5 * repeats.std() / 200**0.5
        errors.append(repeats.std().item())
    assert math.log(errors[0] / errors[1]) / math.log(16) == pytest.approx(0.5, abs=0.12)


# --- entropic --------------------------------------------------------------------------------------------------------


@settings(max_examples=6, deadline=None)
@given(SEEDS, st.sampled_from([1.0, 2.0]), st.sampled_from([0.5, 2.0]))
def test_the_entropic_cost_agrees_with_its_definition_at_pots_plan(seed, p, epsilon):
    x, y, a, b = problem(seed)
    cost = transport.cost_matrix(x, y, p).detach()
    plan = ot.sinkhorn(a, b, cost, epsilon, method="sinkhorn_log", numItermax=5_000, stopThr=1e-10)
    product = a[:, None] * b
    exact = (plan * cost).sum() + epsilon * (plan * (plan / product).log()).sum()
    ours = transport.entropic_cost(x, y, a, b, p, epsilon)
    assert ours.item() == pytest.approx(exact.item(), rel=1e-6)
    gradient = torch.autograd.grad(ours, x)[0]
    with torch.no_grad():
        step = torch.randn(x.shape, generator=generator(seed, "step"), dtype=torch.float64) * 1e-4
        up, down = (transport.entropic_cost(x + sign * step, y, a, b, p, epsilon) for sign in (1, -1))
    assert (gradient * step).sum().item() == pytest.approx((up - down).item() / 2, rel=1e-3, abs=1e-8)


def test_the_entropic_gradient_in_weights_is_that_of_the_differences():
    x, y, a, b = problem(4, 5, 4, 2)
    a.requires_grad_()
    gradient = torch.autograd.grad(transport.entropic_cost(x, y, a, b, epsilon=0.5), a)[0]
    with torch.no_grad():
        expected = central_difference(lambda w: transport.entropic_cost(x, y, w / w.sum(), b, epsilon=0.5), a)
    torch.testing.assert_close(gradient, expected, rtol=1e-4, atol=1e-6)


def test_the_entropic_cost_falls_to_the_exact_one():
    x, y, a, b = problem(1)
    exact = transport.wasserstein(x, y, a, b, 2).item() ** 2
    gaps = [transport.entropic_cost(x, y, a, b, epsilon=e).item() - exact for e in (2.0, 0.5, 0.1)]
    assert gaps[0] > gaps[1] > gaps[2] >= 0
    assert gaps[2] < 0.1 * math.log(35)  # at most epsilon times the entropy of the uniform plan


def test_the_sinkhorn_divergence_has_no_bias_and_grows_into_an_energy_distance():
    x, y, a, b = problem(2)
    assert transport.sinkhorn_divergence(x, x, a, a, epsilon=1.0).item() == pytest.approx(0, abs=1e-8)
    assert transport.sinkhorn_divergence(x, y, a, b, epsilon=1.0).item() > 0
    limit = transport.sinkhorn_divergence(x, y, a, b, p=1, epsilon=500.0).item()

    def energy(s, t, u, v):
        return (u[:, None] * v * torch.cdist(s, t)).sum().item()

    assert limit == pytest.approx(energy(x, y, a, b) - 0.5 * (energy(x, x, a, a) + energy(y, y, b, b)), rel=1e-2)


def test_points_without_weight_do_not_count_in_the_entropic_cost_either():
    x, y, a, b = problem(3)
    more = torch.cat([x, torch.full((1, 3), 50.0, dtype=torch.float64)])
    padded = torch.cat([a, torch.zeros(1, dtype=torch.float64)])
    assert transport.entropic_cost(more, y, padded, b).item() == pytest.approx(
        transport.entropic_cost(x, y, a, b).item(), rel=1e-6
    )


# --- refusals --------------------------------------------------------------------------------------------------------

X, Y = torch.zeros(3, 2), torch.ones(2, 2)
FAR = torch.tensor([[0.0, 1.0], [2.0, 5.0], [-3.0, 0.3]])


@pytest.mark.parametrize(
    ("attempt", "words"),
    [
        (lambda: transport.wasserstein(X, Y, torch.ones(3), torch.ones(2)), "sum to 3 and 2"),
        (lambda: transport.wasserstein(X, Y, torch.tensor([1.0, -1, 2]), None), "the first weight 1 is -1"),
        (lambda: transport.wasserstein(X, Y, None, torch.tensor([0.5, math.nan])), "the second weight 1 is nan"),
        (lambda: transport.wasserstein(X, Y, torch.ones(2)), "for 3 points"),
        (lambda: transport.wasserstein(X, Y, torch.zeros(3), torch.zeros(2)), "nothing to move"),
        (lambda: transport.wasserstein(X, torch.ones(2, 3)), "2 and of 3 dimensions"),
        (lambda: transport.wasserstein(X, Y * math.inf), "the second points are not finite, first in row 0"),
        (lambda: transport.wasserstein(X[0], Y), "shape"),
        (lambda: transport.wasserstein(X[:0], Y), "non-empty"),
        (lambda: transport.wasserstein(X, Y, p=0.5), "p = 0.5"),
        (lambda: transport.exact_plan(torch.tensor([[math.nan]])), "finite"),
        (lambda: transport.sliced_wasserstein(X, Y, directions=0), "at least 1"),
        (lambda: transport.entropic_cost(X, Y, epsilon=0.0), "epsilon 0"),
        (lambda: transport.entropic_cost(FAR, FAR.flip(1), epsilon=1e-4, iterations=2), "not converged"),
        (lambda: transport.wasserstein2_full(torch.zeros(2), -torch.eye(2), torch.zeros(2), torch.eye(2)), "positive"),
    ],
)  # fmt: skip
def test_what_cannot_be_transported_is_refused_in_words(attempt, words):
    with pytest.raises(UserError, match=words):
        attempt()
