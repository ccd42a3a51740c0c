"""The optimal discriminator against its definition, the game's value against the divergence, the ratio."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reparam import adversarial
from reparam import divergences as div
from reparam.adversarial import optimal
from reparam.distributions import Normal
from reparam.randomness import generator

SEEDS = st.integers(0, 2**31 - 1)
NOWHERE = -math.inf


def normals(seed):
    raw = torch.randn(4, generator=generator(seed, "optimal"), dtype=torch.float64).clamp(-2, 2)
    return [Normal(raw[i : i + 1], (raw[i + 1 : i + 2] / 2).exp()) for i in (0, 2)]


@pytest.mark.parametrize(
    ("log_data", "log_model", "expected"),
    [(-3.0, -3.0, 0.5), (-3.0, NOWHERE, 1.0), (NOWHERE, -3.0, 0.0), (NOWHERE, NOWHERE, 0.5), (-800.0, -802.0, 0.8808)],
)
def test_the_three_cases_and_the_chosen_fourth(log_data, log_model, expected):
    found = optimal.optimal_discriminator(torch.tensor([log_data]), torch.tensor([log_model]))
    assert found.item() == pytest.approx(expected, abs=1e-4)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_no_other_discriminator_has_a_higher_value(seed):
    """At each x, D* maximizes p* log D + p_θ log(1 - D): its derivative is zero and any change lowers the value."""
    data, model = normals(seed)
    nodes = div.interval(-30.0, 30.0, 600)
    log_data, log_model = data.log_prob(nodes.points), model.log_prob(nodes.points)
    logits = optimal.optimal_logits(log_data, log_model).requires_grad_()

    def value(logits):
        return nodes.integrate(
            -log_data.exp() * torch.nn.functional.softplus(-logits)
            - log_model.exp() * torch.nn.functional.softplus(logits)
        )

    best = value(logits)
    assert torch.autograd.grad(best, logits)[0].abs().max() < 1e-12
    assert value(logits + 0.3 * torch.randn_like(logits)) < best
    assert best.item() == pytest.approx(optimal.value_at_optimum(log_data, log_model, nodes.weights).item(), abs=1e-9)


@settings(max_examples=10, deadline=None)
@given(SEEDS)
def test_the_games_value_on_samples_is_that_of_the_divergence(seed):
    """The library's V(D, G), given the optimal logits at draws of both, against 2 JSD - log 4."""
    data, model = normals(seed)
    n = 40_000
    real, fake = data.sample((n,)), model.sample((n,))
    logits = [optimal.optimal_logits(data.log_prob(x), model.log_prob(x)) for x in (real, fake)]
    exact = 2 * div.between(div.jensen_shannon, data, model, div.interval(-30.0, 30.0, 500)) - math.log(4)
    parts = [torch.nn.functional.logsigmoid(logits[0]), torch.nn.functional.logsigmoid(-logits[1])]
    error = sum(part.var() / n for part in parts).sqrt()
    value = adversarial.value(*logits)
    assert abs(value - exact) < 5 * error
    estimate = optimal.jensen_shannon_estimate(value)
    assert estimate.item() == pytest.approx((exact.item() + math.log(4)) / 2, abs=3 * error.item())


def test_the_value_has_its_gradient():
    logits = [torch.randn(6, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    assert torch.autograd.gradcheck(lambda a, b: optimal.value_at_optimum(a.log_softmax(-1), b.log_softmax(-1)), logits)


def test_the_value_at_equality_and_at_disjoint_supports():
    p = torch.tensor([0.3, 0.7]).log()
    assert optimal.value_at_optimum(p, p).item() == pytest.approx(adversarial.EQUILIBRIUM)
    half = [torch.tensor([1.0, 0.0]).log(), torch.tensor([0.0, 1.0]).log()]
    assert optimal.value_at_optimum(*half).item() == pytest.approx(0)


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_ratio_is_that_of_the_densities(seed):
    data, model = normals(seed)
    x = model.sample((50,))
    d = optimal.optimal_discriminator(data.log_prob(x), model.log_prob(x))
    torch.testing.assert_close(
        optimal.density_ratio(d), (data.log_prob(x) - model.log_prob(x)).exp(), rtol=1e-6, atol=0
    )


def test_the_kl_is_the_mean_of_the_log_ratio_and_not_of_the_ratio():
    data, model = (Normal(torch.tensor([m]).double(), torch.ones(1).double()) for m in (0.8, 0.0))
    x = data.sample((40_000,))
    logits = optimal.optimal_logits(data.log_prob(x), model.log_prob(x))
    error = logits.std() / len(x) ** 0.5
    assert abs(optimal.kl_from_logits(logits) - 0.32) < 4.5 * error
    assert optimal.density_ratio(logits.sigmoid()).mean() > 1.7  # exp(0.64): one plus the chi-squared divergence
