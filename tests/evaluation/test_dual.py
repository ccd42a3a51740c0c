"""The critic's dual never exceeds the exact distance, approaches it, and says how far it is off."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reparam import transport
from reparam.adversarial import gradient_norms
from reparam.errors import UserError
from reparam.evaluation.dual import dual_by_critic
from reparam.randomness import generator


def points(seed, n=60, d=2, shift=2.0):
    x, y = torch.randn(2, n, d, generator=generator(seed, "dual"))
    return x, y + shift


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**31 - 1), st.sampled_from(["gradient-penalty", "clipping", "spectral-norm"]))
def test_the_estimate_is_a_lower_bound_however_badly_the_critic_is_trained(seed, constraint):
    x, y = points(seed, shift=0.5)
    found = dual_by_critic(x, y, constraint, steps=5, hidden=(8,), seed=seed)
    assert found.exact == pytest.approx(transport.wasserstein(x, y).item())
    assert found.gap == pytest.approx(found.exact - found.estimate)
    assert found.estimate <= found.exact + 1e-6


def test_a_trained_critic_closes_most_of_the_gap():
    x, y = points(0)
    found = dual_by_critic(x, y, steps=300, hidden=(32, 32))
    assert 0 <= found.gap < 0.1 * found.exact
    assert found.lipschitz == pytest.approx(1, abs=0.3)
    assert [step for step, *_ in found.history][-1] == 300


def test_clipping_bounds_every_weight_and_spectral_normalization_every_slope():
    x, y = points(1)
    clipped = dual_by_critic(x, y, "clipping", strength=0.01, steps=20, hidden=(8,))
    assert all(parameter.abs().max() <= 0.01 for parameter in clipped.critic.parameters())
    smooth = dual_by_critic(x, y, "spectral-norm", steps=100, hidden=(8, 8)).critic
    # the largest singular value is known by power iteration, which lags behind weights that move: let it catch up
    for _ in range(1000):
        smooth(x)
    smooth.eval()
    assert gradient_norms(lambda z: smooth(z).squeeze(1), torch.cat([x, y])).max() <= 1 + 1e-4
    slopes = (smooth(x) - smooth(y).T).abs() / torch.cdist(x, y)
    assert slopes.max() <= 1 + 1e-4


def test_between_two_points_a_linear_critic_is_exact():
    """The best potential is linear there, and clipping leaves it the sign that the data ask for."""
    x, y = torch.zeros(3, 1), torch.full((3, 1), 3.0)
    found = dual_by_critic(x, y, "clipping", strength=0.5, hidden=(), steps=300, learning_rate=0.02)
    assert found.lipschitz == pytest.approx(0.5)
    assert found.estimate == pytest.approx(3.0, rel=1e-5)
    assert found.gap == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"constraint": "hope"}, "constraint='hope' will not do"),
        ({"constraint": "clipping", "strength": 0.0}, "constrains nothing"),
    ],
)
def test_what_cannot_work_is_refused_in_words(settings, words):
    with pytest.raises(UserError, match=words):
        dual_by_critic(*points(0), **settings)
    with pytest.raises(UserError, match="dimensions"):
        dual_by_critic(torch.zeros(3, 1), torch.zeros(3, 2))
